// Loads MuJoCo's WebAssembly build.

import fs from 'node:fs';
import path from 'node:path';
import v8 from 'node:v8';
import { pathToFileURL } from 'node:url';

const toStandardError = text => fs.writeSync(2, `${text}\n`);

/**
 * @param {string} folder of the npm package mujoco-js
 * @param {WebAssembly.Module} [compiled] what another thread has compiled
 * @returns {Promise<{mujoco: object, compiled: WebAssembly.Module | undefined}>}
 */
export async function loadMujoco(folder, compiled) {
  // Each function is optimized where it is first called, instead of run in a quick form until it has proved hot:
  // full speed after a few steps. An engine that does not know the flag says so and goes on.
  v8.setFlagsFromString('--no-liftoff');
  const { main } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const { default: start } = await import(pathToFileURL(path.join(folder, main)).href);

  // The package prints to the console, whose standard output carries frames.
  const options = { print: toStandardError, printErr: toStandardError };
  if (compiled) {
    options.instantiateWasm = (imports, done) => {
      done(new WebAssembly.Instance(compiled, imports), compiled);
      return {};
    };
    return { mujoco: await start(options), compiled };
  }

  // The package does not hand out the module that it compiles from its own bytes, so it is caught on the way; the other
  // threads then share its machine code.
  const instantiate = WebAssembly.instantiate;
  WebAssembly.instantiate = async (...given) => {
    const result = await instantiate(...given);
    compiled = result.module;
    return result;
  };
  try {
    return { mujoco: await start(options), compiled };
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}

// Serves Hopper-v4, HalfCheetah-v4 and Walker2d-v4 by the protocol of External/PROTOCOL.md.
//
//   node server.mjs FOLDER      FOLDER is that of the npm package mujoco-js
//
// OFFLINERL_MUJOCO_THREADS sets the number of threads; the digits are the same for any.

import { allocate, goesOn, headerBytes, observationsOf, reset } from './batch.mjs';
import { loadMujoco } from './engine.mjs';
import { header, Requests, send, sendText, type } from './frames.mjs';
import { Picture } from './picture.mjs';
import { Simulator } from './simulator.mjs';
import { parameters as parametersOf, stepLimit, tasks } from './tasks.mjs';
import { Rounds, startWorkers, threadsFor } from './threads.mjs';

class Server {
  static async open(folder, hello) {
    const server = new Server();
    const task = tasks[hello.environment];
    if (!task) throw new Error(`This server has no environment '${hello.environment}'; it has ${Object.keys(tasks).join(', ')}.`);
    if (!Number.isInteger(hello.batch) || hello.batch < 1 || hello.batch > 65536) throw new Error(`The batch is ${hello.batch}; expected 1 to 65536 instances.`);
    server.hello = hello;
    server.parameters = resolve(hello.environment, parametersOf(task), hello.parameters ?? {});
    const threads = threadsFor(hello.batch);
    const { mujoco, compiled } = await loadMujoco(folder);
    server.engine = `MuJoCo ${mujoco.mj_versionString()}, ${threads} thread${threads === 1 ? '' : 's'}`;
    server.simulator = new Simulator(mujoco, task, server.parameters);
    server.batch = allocate(hello.batch, server.simulator);
    server.picture = new Picture(server.simulator);
    if (threads > 1) {
      await startWorkers(threads - 1, { folder, compiled, environment: hello.environment, parameters: server.parameters, batch: server.batch });
    }
    server.rounds = new Rounds(server.simulator, server.batch);
    server.reply = Buffer.from(server.batch.reply);
    return server;
  }

  get ready() {
    const { simulator, hello } = this;
    const bound = value => ({ value, count: simulator.observations });
    return JSON.stringify({
      server: 'server.mjs',
      environment: hello.environment,
      version: this.engine,
      description: simulator.task.description,
      observation_space: { type: 'box', shape: [simulator.observations], low: bound('-Infinity'), high: bound('Infinity'), element_type: 'float32' },
      action_space: { type: 'box', shape: [simulator.actions], low: { value: -1, count: simulator.actions }, high: { value: 1, count: simulator.actions }, element_type: 'float32' },
      max_episode_steps: stepLimit,
      parameters: this.parameters,
      masks: false,
      frame: { width: Picture.width, height: Picture.height },
      reference: null,
    });
  }

  // RESET: u32 k, u32 zero, u64 seeds[k], u32 instances[k].
  reset({ buffer, at, length }) {
    const count = length >= 8 ? buffer.readUInt32LE(at) : 0;
    if (length !== 8 + 12 * count) throw new Error(`A RESET of ${length} bytes names ${count} instances; expected ${8 + 12 * count} bytes.`);
    const bytes = new Uint8Array(headerBytes + 4 * count * this.batch.observationWidth);
    const observations = new Float32Array(bytes.buffer, headerBytes);
    for (let k = 0; k < count; k++) {
      const instance = buffer.readUInt32LE(at + 8 + 8 * count + 4 * k);
      if (instance >= this.batch.count) throw new Error(`A RESET names instance ${instance} of ${this.batch.count}.`);
      reset(this.simulator, this.batch, instance, buffer.readBigUInt64LE(at + 8 + 8 * k), observations, k * this.batch.observationWidth);
    }
    header(bytes, type.started, bytes.length - headerBytes);
    send(bytes);
  }

  // STEP: f32 actions[B, A]. STEPPED: u32 n, u32 zero, f64 rewards[B], f32 observations[B, D], f32 final[n, D], u8 ended[B].
  step({ buffer, at, length }) {
    const { batch, reply } = this, { count, observationWidth: width, actions } = batch;
    if (length !== actions.byteLength) throw new Error(`A STEP has ${length} bytes; expected ${actions.byteLength}.`);
    for (let i = 0; i < actions.length; i++) actions[i] = buffer.readFloatLE(at + 4 * i);
    this.rounds.step();

    const tail = headerBytes + 8 + 8 * count + 4 * count * width;
    const finals = new Float32Array(batch.reply, tail, count * width);
    let ended = 0;
    for (let i = 0; i < count; i++) {
      if (batch.ended[i] === goesOn) continue;
      for (let j = 0; j < width; j++) finals[ended * width + j] = batch.finals[i * width + j];
      ended++;
    }
    const end = tail + 4 * ended * width;
    reply.set(batch.ended, end);
    reply.writeUInt32LE(ended, headerBytes);
    header(reply, type.stepped, end + count - headerBytes);
    send(reply.subarray(0, end + count));
  }

  render({ buffer, at, length }) {
    const instance = length === 4 ? buffer.readUInt32LE(at) : Infinity;
    if (instance >= this.batch.count) throw new Error(`A RENDER names instance ${instance} of ${this.batch.count}.`);
    const bytes = Buffer.alloc(headerBytes + 8 + 3 * Picture.width * Picture.height);
    header(bytes, type.frame, bytes.length - headerBytes);
    bytes.writeUInt32LE(Picture.width, headerBytes);
    bytes.writeUInt32LE(Picture.height, headerBytes + 4);
    this.picture.draw(this.batch.states, instance * this.batch.stateWidth, bytes.subarray(headerBytes + 8));
    send(bytes);
  }

  /** Answers one request; false where it was the last. */
  answer(request) {
    switch (request.kind) {
      case type.step: this.step(request); return true;
      case type.reset: this.reset(request); return true;
      case type.render: this.render(request); return true;
      case type.close: return false;
      default: throw new Error(`A frame of type ${request.kind} came; expected RESET, STEP, RENDER or CLOSE.`);
    }
  }
}

function resolve(environment, known, given) {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(known, name)) throw new Error(`${environment} has no parameter '${name}'; it has ${Object.keys(known).join(', ')}.`);
    if (typeof value !== 'number' || !(value >= 0)) throw new Error(`${environment}: ${name} is ${value}; expected a number, at least 0.`);
  }
  return { ...known, ...given };
}

// Ctrl-C reaches the whole terminal; the host decides what it means.
process.on('SIGINT', () => {});
try {
  const requests = new Requests();
  const first = requests.next();
  if (first !== null && first.kind !== type.close) {
    if (first.kind !== type.hello) throw new Error(`A frame of type ${first.kind} came first; expected HELLO.`);
    const server = await Server.open(process.argv[2], JSON.parse(first.buffer.toString('utf8', first.at, first.at + first.length)));
    requests.reserve(Math.max(server.batch.actions.byteLength, 8 + 12 * server.batch.count));
    sendText(type.ready, server.ready);
    for (let request = requests.next(); request !== null && server.answer(request); request = requests.next());
  }
} catch (error) {
  // A host that is gone is no error; anything else is said to it, and to whoever reads standard error.
  if (error?.code !== 'EPIPE') {
    process.stderr.write(`${error?.stack ?? error}\n`);
    try {
      sendText(type.error, String(error?.message ?? error));
    } catch {
      // The host is gone.
    }
    process.exit(1);
  }
}
process.exit(0);

// A small server by PROTOCOL.md, and every way in which a server can fail: node child.mjs MODE.
// Modes beside those of the two tables: "good"; "fickle", whose space depends on the batch; "mortal", which Ctrl-C ends;
// "deaf-close", "start-parameter" and "frame-size".
// The environment: "masked", "box", "bytes", "discrete" or (anything else) "count". An episode of an instance ends after
// 3 + seed % 5 steps, by itself where the seed is even, at the limit where it is odd; the next one has seed + 1.
// Observation: [seed % 1000, steps]; reward: action + steps / 10.
import { readSync, writeSync, writeFileSync, closeSync } from "node:fs";
import { spawn } from "node:child_process";

const [HELLO, READY, RESET, STARTED, STEP, STEPPED, RENDER, FRAME, CLOSE, ERROR] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15];
const mode = process.argv[2] ?? "good";
const input = Buffer.alloc(1 << 24);

if (mode !== "mortal") process.on("SIGINT", () => {});

function read() {
  let have = 0;
  let need = 8;
  while (have < need) {
    const count = readSync(0, input, have, input.length - have, null);
    if (count === 0) process.exit(0);
    have += count;
    if (have >= 8) need = 8 + input.readUInt32LE(4);
  }
  return [input[3], input.subarray(8, need)];
}

function write(buffer) {
  for (let sent = 0; sent < buffer.length; ) sent += writeSync(1, buffer, sent);
}

function frame(type, payload, version = 1) {
  const head = Buffer.from([0x4f, 0x52, version, type, 0, 0, 0, 0]);
  head.writeUInt32LE(payload.length, 4);
  return Buffer.concat([head, payload]);
}

const say = (text) => writeSync(2, text + "\n");
const sleep = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
const die = () => {
  process.kill(process.pid, "SIGKILL");
  sleep();
};
const fail = (text) => {
  write(frame(ERROR, Buffer.from(text)));
  process.exit(1);
};
const flood = (descriptor, bytes) => {
  for (;;) writeSync(descriptor, bytes);
};

// Faults before READY.
const atStart = {
  "start-hang": sleep,
  "start-exit": () => {
    say("config file not found");
    process.exit(3);
  },
  "start-print": () => write(Buffer.from("Loading the simulator ...\n")),
  "start-error": () => {
    read();
    fail("no licence for the simulator; buy one.");
  },
  "start-deaf": () => {
    closeSync(0);
    fail("I need Python 4.");
  },
  "start-version": () => write(frame(READY, Buffer.from("{}"), 2)),
  "start-version-error": () => write(frame(ERROR, Buffer.from("I speak version 2"), 2)),
  "start-json": () => write(frame(READY, Buffer.from("{nonsense"))),
  "start-spaces": () => write(frame(READY, Buffer.from('{"observation_space": {"type": "box", "shape": [3], "low": [0], "high": [1]}, "action_space": {"type": "discrete", "count": 2}}'))),
  "start-huge": () => write(Buffer.from([0x4f, 0x52, 1, READY, 255, 255, 255, 255])),
  "start-parameter": () => {},
  "start-words": () => flood(2, Buffer.alloc(4096, "all work and no play\n")),
};

// Faults instead of, in, or after an answer to STEP; the frame is the right one.
const atStep = {
  hang: () => {
    // For those who want to know when.
    if (process.env.HANGING) writeFileSync(process.env.HANGING, "");
    sleep();
  },
  exit: () => {
    say("about to fail");
    say("segment 7 is missing");
    process.exit(7);
  },
  kill: die,
  error: () => fail("the road is blocked."),
  "error-words": () => {
    say("Traceback: the road is blocked");
    fail("the road is blocked.");
  },
  nothing: () => {
    closeSync(1);
    sleep();
  },
  print: () => write(Buffer.from("step done\n")),
  type: (f) => {
    f[3] = STARTED;
    write(f);
  },
  unknown: (f) => {
    f[3] = 77;
    write(f);
  },
  version: (f) => {
    f[2] = 9;
    write(f);
  },
  short: (f) => write(frame(STEPPED, f.subarray(8, f.length - 1))),
  long: (f) => write(frame(STEPPED, Buffer.concat([f.subarray(8), Buffer.alloc(1)]))),
  twice: (f) => write(Buffer.concat([f, f])),
  flood: (f) => flood(1, f),
  half: (f) => {
    write(f.subarray(0, f.length - 3));
    sleep();
  },
  "half-exit": (f) => {
    write(f.subarray(0, f.length - 3));
    process.exit(0);
  },
  "late-error": (f) => {
    write(f);
    fail("the licence has expired.");
  },
  drip: (f) => {
    for (let i = 0; ; i++) {
      write(f.subarray(i, i + 1));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    }
  },
  "nan-reward": (f) => {
    f.writeDoubleLE(NaN, 16);
    write(f);
  },
  "nan-observation": (f, b) => {
    f.writeFloatLE(NaN, 16 + 8 * b);
    write(f);
  },
  "infinite-observation": (f, b) => {
    f.writeFloatLE(-Infinity, 16 + 8 * b + 4);
    write(f);
  },
  "index-observation": (f, b) => {
    f.writeFloatLE(12.5, 16 + 8 * b);
    write(f);
  },
  "ended-flag": (f, b) => {
    f[16 + b * 16] = 3;
    write(f);
  },
  "ended-count": (f) => {
    f.writeUInt32LE(1, 8);
    write(frame(STEPPED, Buffer.concat([f.subarray(8), Buffer.alloc(8)])));
  },
  "ended-many": (f) => {
    f.writeUInt32LE(4_000_000_000, 8);
    write(f);
  },
  "mask-flag": (f) => {
    f[f.length - 1] = 2;
    write(f);
  },
  "mask-none": (f) => {
    f[f.length - 1] = f[f.length - 2] = f[f.length - 3] = 0;
    write(f);
  },
  // Says more than fits into a pipe, in every step, and goes on all the same.
  words: (f) => {
    for (let i = 0; i < 40; i++) writeSync(2, Buffer.alloc(4096, "all work and no play\n"));
    write(f);
  },
  // Leaves a process behind that belongs to nobody.
  orphan: () => {
    spawn("sleep", ["300"], { detached: true, stdio: "ignore" }).unref();
    process.exit(5);
  },
};

if (mode === "deaf-close") process.on("exit", sleep);
if (atStart[mode]) {
  atStart[mode]();
  if (mode !== "start-parameter") process.exit(0);
}

const [, helloBytes] = read();
const hello = JSON.parse(helloBytes.toString());
const batch = hello.batch;
const kind = hello.environment;
const masked = kind === "masked";
const isBytes = kind === "bytes";
const discrete = kind === "discrete";
const width = discrete ? 1 : 2;
const size = isBytes ? 1 : 4;
const mask = masked ? 3 : 0;
const scale = hello.parameters.scale ?? 1;
const unknown = Object.keys(hello.parameters).filter((p) => p !== "scale");
if (unknown.length > 0) fail(`unknown parameter '${unknown[0]}'; there is scale.`);
if (kind === "orphans") spawn("sleep", ["300"], { stdio: "ignore" }).unref();
write(
  frame(
    READY,
    Buffer.from(
      JSON.stringify({
        server: "child.mjs",
        environment: kind,
        version: "1",
        description: "Counts its steps.",
        observation_space: discrete
          ? { type: "discrete", count: 1000 }
          : { type: "box", shape: [2], low: [0, 0], high: isBytes ? [255, 255] : ["Infinity", mode === "fickle" ? 100 * batch : 100], element_type: isBytes ? "uint8" : "float32" },
        action_space: kind === "box" ? { type: "box", shape: [1], low: [-2], high: [2], element_type: "float32" } : { type: "discrete", count: 3 },
        max_episode_steps: 7,
        parameters: { scale: mode === "start-parameter" ? 5 : scale },
        masks: masked,
        frame: hello.render ? { width: 4, height: 2 } : null,
        reference: { random: 1.5, expert: 20, source: "child.mjs" },
        later: "what a later version says more is passed over",
      }),
    ),
  ),
);

const seeds = new BigUint64Array(batch);
const steps = new Int32Array(batch);
const observe = (i, to, at) => {
  const seed = Number(seeds[i] % 1000n);
  if (isBytes) {
    to[at] = seed;
    to[at + 1] = steps[i];
  } else {
    to.writeFloatLE(seed, at);
    if (!discrete) to.writeFloatLE(steps[i], at + 4);
  }
};
const maskOf = (i, to, at) => {
  for (let a = 0; a < mask; a++) to[at + a] = (steps[i] + a) % 3 === 0 ? 0 : 1;
};

const row = width * size;
const stepped = Buffer.alloc(8 + 8 + batch * (8 + row + 1 + mask));
frame(STEPPED, stepped.subarray(8)).copy(stepped, 0, 0, 8);
const rewards = new Float64Array(stepped.buffer, stepped.byteOffset + 16, stepped.byteOffset % 8 === 0 ? batch : 0);

for (;;) {
  const [type, payload] = read();
  if (type === CLOSE) {
    if (mode === "deaf-close") sleep();
    process.exit(0);
  } else if (type === RESET) {
    const k = payload.readUInt32LE(0);
    const answer = Buffer.alloc(k * (row + mask));
    for (let j = 0; j < k; j++) {
      const i = payload.readUInt32LE(8 + 8 * k + 4 * j);
      seeds[i] = payload.readBigUInt64LE(8 + 8 * j);
      steps[i] = 0;
      observe(i, answer, j * row);
      maskOf(i, answer, k * row + j * mask);
    }
    write(frame(STARTED, answer));
  } else if (type === STEP) {
    let final = null;
    const ended = 16 + batch * (8 + row);
    for (let i = 0; i < batch; i++) {
      const action = kind === "box" ? payload.readFloatLE(4 * i) : payload.readInt32LE(4 * i);
      steps[i]++;
      if (rewards.length) rewards[i] = (action + steps[i] / 10) * scale;
      else stepped.writeDoubleLE((action + steps[i] / 10) * scale, 16 + 8 * i);
      observe(i, stepped, 16 + 8 * batch + i * row);
      stepped[ended + i] = 0;
      if (steps[i] === 3 + Number(seeds[i] % 5n)) {
        stepped[ended + i] = seeds[i] % 2n === 0n ? 1 : 2;
        (final ??= []).push(Buffer.from(stepped.subarray(16 + 8 * batch + i * row, 16 + 8 * batch + (i + 1) * row)));
        seeds[i]++;
        steps[i] = 0;
        observe(i, stepped, 16 + 8 * batch + i * row);
      }
      maskOf(i, stepped, ended + batch + i * mask);
    }
    let answer = stepped;
    if (final) {
      const n = Buffer.alloc(8);
      n.writeUInt32LE(final.length, 0);
      answer = frame(STEPPED, Buffer.concat([n, stepped.subarray(16, ended), ...final, stepped.subarray(ended)]));
    }
    if (atStep[mode]) atStep[mode](answer === stepped ? Buffer.from(answer) : answer, batch);
    else write(answer);
  } else if (type === RENDER) {
    const i = payload.readUInt32LE(0);
    const answer = Buffer.alloc(8 + 24, steps[i]);
    answer.writeUInt32LE(mode === "frame-size" ? 2 : 4, 0);
    answer.writeUInt32LE(mode === "frame-size" ? 4 : 2, 4);
    write(frame(FRAME, answer));
  } else fail(`a frame of the unknown type ${type}`);
}

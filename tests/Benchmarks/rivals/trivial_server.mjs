// The least that a server of external environments can do: trivial_env.py by PROTOCOL.md, in Node.
import { readSync, writeSync } from "node:fs";

const [READY, STARTED, STEPPED] = [2, 4, 6];
const input = Buffer.from(new ArrayBuffer(1 << 20));
const actions = new Int32Array(input.buffer, 8);

function read() {
  let have = 0;
  do {
    const count = readSync(0, input, have, input.length - have, null);
    if (count === 0) process.exit(0);
    have += count;
  } while (have < 8 || have < 8 + input.readUInt32LE(4));
  return input[3];
}

function frame(type, bytes) {
  const buffer = Buffer.from(new ArrayBuffer(8 + bytes));
  buffer.set([0x4f, 0x52, 1, type]);
  buffer.writeUInt32LE(bytes, 4);
  return buffer;
}

function write(buffer, length = buffer.length) {
  for (let sent = 0; sent < length; ) sent += writeSync(1, buffer, sent, length - sent);
}

read();
const { batch } = JSON.parse(input.subarray(8, 8 + input.readUInt32LE(4)).toString());
const box = { type: "box", shape: [4], low: Array(4).fill(-1e9), high: Array(4).fill(1e9), element_type: "float32" };
const json = Buffer.from(JSON.stringify({ observation_space: box, action_space: { type: "discrete", count: 2 } }));
write(Buffer.concat([frame(READY, json.length).subarray(0, 8), json]));

// Room for a final observation of each: the header and the flags are written for those that are there.
const steps = new Int32Array(batch);
const stepped = frame(STEPPED, 8 + batch * (8 + 16 + 16 + 1));
const rewards = new Float64Array(stepped.buffer, 16, batch);
const observations = new Float32Array(stepped.buffer, 16 + 8 * batch, 8 * batch);
const ended = new Uint8Array(batch);

for (;;) {
  const type = read();
  if (type === 9) process.exit(0);
  if (type === 3) {
    const k = input.readUInt32LE(8);
    for (let j = 0; j < k; j++) steps[input.readUInt32LE(16 + 8 * k + 4 * j)] = 0;
    write(frame(STARTED, 16 * k));
    continue;
  }

  let final = 0;
  for (let i = 0; i < batch; i++) {
    rewards[i] = 1 + 0 * actions[i];
    observations[4 * i] = ++steps[i];
    ended[i] = 0;
    if (steps[i] % 200 === 0) {
      ended[i] = 1;
      observations[4 * (batch + final++)] = steps[i];
      observations[4 * i] = steps[i] = 0;
    }
  }

  const length = 8 + batch * 25 + 16 * final;
  stepped.writeUInt32LE(length, 4);
  stepped.writeUInt32LE(final, 8);
  stepped.set(ended, 8 + length - batch);
  write(stepped, 8 + length);
}

// B instances in memory that threads share: rows of state, random words, step counts, and what goes in and out of a step.

import { seedStream } from './random.mjs';
import { stepLimit } from './tasks.mjs';

/** Bytes of a frame's header; what follows it in a STEPPED frame are n, zero, rewards, observations, and rows of variable number. */
export const headerBytes = 8;

export const goesOn = 0, terminated = 1, truncated = 2;

/** In turns: the next instance that nobody has taken, how many are finished, how many rounds began, whether a thread failed. */
export const next = 0, done = 1, round = 2, faulty = 3;

/** Memory for a batch; what it returns can be posted to another thread. */
export function allocate(count, { width, observations, actions }) {
  const shared = bytes => new SharedArrayBuffer(bytes);
  const turns = new Int32Array(shared(16));
  // Nothing is to be taken before the first round.
  turns[next] = count;
  return {
    count, observationWidth: observations, actionWidth: actions, stateWidth: width,
    states: new Float64Array(shared(8 * count * width)),
    words: new Uint32Array(shared(16 * count)),
    steps: new Int32Array(shared(4 * count)),
    actions: new Float32Array(shared(4 * count * actions)),
    // A whole STEPPED frame: threads write rewards and observations where they are sent from.
    reply: shared(headerBytes + 8 + 8 * count + 8 * count * observations + count),
    finals: new Float32Array(shared(4 * count * observations)),
    ended: new Uint8Array(shared(count)),
    turns,
    fault: new Uint8Array(shared(4096)),
  };
}

/** Where a batch's rewards and observations stand in its reply. */
export const rewardsOf = batch => new Float64Array(batch.reply, headerBytes + 8, batch.count);
export const observationsOf = batch => new Float32Array(batch.reply, headerBytes + 8 + 8 * batch.count, batch.count * batch.observationWidth);

/** Starts a new episode of one instance with its own seed. */
export function reset(simulator, batch, instance, seed, observations, at) {
  seedStream(batch.words, 4 * instance, seed);
  begin(simulator, batch, instance, observations, at);
}

function begin(simulator, batch, instance, observations, at) {
  batch.steps[instance] = 0;
  simulator.begin(batch.states, instance * batch.stateWidth, batch.words, 4 * instance);
  simulator.observe(batch.states, instance * batch.stateWidth, observations, at);
}

/** Steps one instance; where its episode ended the next one begins. */
export function step(simulator, batch, instance, rewards, observations) {
  const stateAt = instance * batch.stateWidth, observationAt = instance * batch.observationWidth;
  const fell = simulator.step(batch.states, stateAt, batch.actions, instance * batch.actionWidth, rewards, instance);
  const atLimit = ++batch.steps[instance] >= stepLimit;
  batch.ended[instance] = fell ? terminated : atLimit ? truncated : goesOn;
  if (!fell && !atLimit) {
    simulator.observe(batch.states, stateAt, observations, observationAt);
    return;
  }
  simulator.observe(batch.states, stateAt, batch.finals, observationAt);
  begin(simulator, batch, instance, observations, observationAt);
}

/** Steps instances that nobody else has taken until none is left. */
export function takeTurns(simulator, batch, rewards, observations) {
  const { turns, count } = batch;
  for (let i = Atomics.add(turns, next, 1); i < count; i = Atomics.add(turns, next, 1)) {
    step(simulator, batch, i, rewards, observations);
    if (Atomics.add(turns, done, 1) === count - 1) Atomics.notify(turns, done);
  }
}

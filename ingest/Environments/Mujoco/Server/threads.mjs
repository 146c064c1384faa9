// The threads that step a batch: the main one, and workers that each have their own MuJoCo. Whoever is free takes the next
// instance, and an instance's digits do not depend on who took it.

import os from 'node:os';
import { Worker } from 'node:worker_threads';
import { done, faulty, next, observationsOf, rewardsOf, round, takeTurns } from './batch.mjs';

// A worker has to have so many instances to be worth its wake-up.
const instancesPerThread = 8;

/** How many threads a batch gets: what OFFLINERL_MUJOCO_THREADS says, else one for every eight instances, up to one a core. */
export function threadsFor(count) {
  const named = process.env.OFFLINERL_MUJOCO_THREADS;
  if (!named) return Math.max(1, Math.min(os.availableParallelism(), Math.floor(count / instancesPerThread)));
  const threads = Number(named);
  if (!Number.isInteger(threads) || threads < 1 || threads > 256) throw new Error(`OFFLINERL_MUJOCO_THREADS is '${named}'; expected a whole number from 1 to 256.`);
  return Math.min(threads, count);
}

/** Starts the workers beside the main thread; each is ready when this returns. */
export async function startWorkers(count, workerData) {
  await Promise.all(Array.from({ length: count }, () => new Promise((ready, failed) => {
    const worker = new Worker(new URL('./worker.mjs', import.meta.url), { workerData });
    worker.once('message', ready);
    worker.once('error', failed);
  })));
}

/** Steps a whole batch, with whatever workers there are. */
export class Rounds {
  #simulator;
  #batch;
  #rewards;
  #observations;

  constructor(simulator, batch) {
    this.#simulator = simulator;
    this.#batch = batch;
    this.#rewards = rewardsOf(batch);
    this.#observations = observationsOf(batch);
  }

  step() {
    const { turns, count } = this.#batch;
    // A worker that is late from the round before joins as soon as next is 0: that must come last.
    Atomics.store(turns, done, 0);
    Atomics.store(turns, next, 0);
    Atomics.add(turns, round, 1);
    Atomics.notify(turns, round);
    takeTurns(this.#simulator, this.#batch, this.#rewards, this.#observations);
    for (let finished = Atomics.load(turns, done); finished < count; finished = Atomics.load(turns, done)) {
      if (Atomics.load(turns, faulty)) throw new Error(`A thread failed: ${Buffer.from(this.#batch.fault).toString('utf8').replace(/\0.*$/s, '')}`);
      Atomics.wait(turns, done, finished, 100);
    }
  }
}

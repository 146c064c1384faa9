// A thread beside the main one: it sleeps until a round begins and steps instances of it.

import { parentPort, workerData } from 'node:worker_threads';
import { done, faulty, observationsOf, rewardsOf, round, takeTurns } from './batch.mjs';
import { loadMujoco } from './engine.mjs';
import { Simulator } from './simulator.mjs';
import { tasks } from './tasks.mjs';

const { folder, compiled, environment, parameters, batch } = workerData;
const { mujoco } = await loadMujoco(folder, compiled);
const simulator = new Simulator(mujoco, tasks[environment], parameters);
const rewards = rewardsOf(batch), observations = observationsOf(batch);
parentPort.postMessage('ready');

try {
  for (;;) {
    const seen = Atomics.load(batch.turns, round);
    takeTurns(simulator, batch, rewards, observations);
    Atomics.wait(batch.turns, round, seen);
  }
} catch (error) {
  // The main thread waits without an event loop: it is told through the shared memory.
  batch.fault.set(Buffer.from(String(error?.stack ?? error)).subarray(0, batch.fault.length - 1));
  Atomics.store(batch.turns, faulty, 1);
  Atomics.notify(batch.turns, done);
}

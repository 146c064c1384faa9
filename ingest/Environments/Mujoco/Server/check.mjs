// Says whether the engine works: compiles every robot and steps it once. node check.mjs FOLDER, as server.mjs takes it.

import { loadMujoco } from './engine.mjs';
import { Simulator } from './simulator.mjs';
import { parameters, tasks } from './tasks.mjs';

const { mujoco } = await loadMujoco(process.argv[2]);
for (const task of Object.values(tasks)) {
  const simulator = new Simulator(mujoco, task, parameters(task));
  const state = new Float64Array(simulator.width), rewards = new Float64Array(1);
  simulator.begin(state, 0, new Uint32Array([1, 2, 3, 4]), 0);
  simulator.step(state, 0, new Float32Array(simulator.actions), 0, rewards, 0);
  if (!Number.isFinite(rewards[0])) throw new Error(`The first step's reward is ${rewards[0]}.`);
}
console.log(`MuJoCo ${mujoco.mj_versionString()} runs ${Object.keys(tasks).join(', ')}`);

// The floor of MuJoCo's robots: mj_step alone, in the WebAssembly build that the server runs, one thread, uniform actions,
// a reset to the standing pose where the robot has fallen. Prints environment steps a second, frame skip included.
//
//   node mujoco_steps.mjs SERVER MUJOCO_JS     folders of the server (for its robots) and of the npm package

import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [server, folder] = process.argv.slice(2);
const from = name => import(pathToFileURL(path.join(server, name)).href);
const { loadMujoco } = await from('engine.mjs');
const { mjcf } = await from('mjcf.mjs');
const { tasks, parameters } = await from('tasks.mjs');
const { nextUniform } = await from('random.mjs');

const { mujoco } = await loadMujoco(folder);
const words = new Uint32Array([1, 2, 3, 4]);
for (const [id, task] of Object.entries(tasks)) {
  mujoco.FS.writeFile('/robot.xml', mjcf(task.robot, parameters(task)));
  const model = mujoco.MjModel.loadFromXML('/robot.xml'), data = new mujoco.MjData(model);
  const { ctrl, qpos, qvel } = data;
  const rates = [];
  for (let window = 0; window < 6; window++) {
    let steps = 0;
    const begin = performance.now();
    while (performance.now() - begin < 500) {
      for (let n = 0; n < 20; n++, steps++) {
        for (let j = 0; j < ctrl.length; j++) ctrl[j] = 2 * nextUniform(words, 0) - 1;
        for (let k = 0; k < task.frameSkip; k++) mujoco.mj_step(model, data);
        if (!task.healthy(qpos, qvel)) mujoco.mj_resetData(model, data);
      }
    }
    rates.push((1000 * steps) / (performance.now() - begin));
  }
  // The median of five windows after one that is not counted, as for ours.
  console.log(`${id} ${rates.slice(1).sort((a, b) => a - b)[2]}`);
}

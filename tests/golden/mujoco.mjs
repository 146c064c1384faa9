// Facts and short trajectories of Gymnasium's own robots (its MJCF files, gymnasium/envs/mujoco/assets of v1.3.0), from
// MuJoCo 3.3.8 in npm's mujoco-js 0.0.7. Writes mujoco.json beside this file:
//
//   node tests/golden/mujoco.mjs ASSETS MUJOCO_JS     folders of Gymnasium's assets and of the npm package
//
// Observations, rewards and ends are computed here by the formulas of hopper_v4.py, half_cheetah_v4.py and walker2d_v4.py,
// in double precision, apart from the server. Trajectories go on after a fall, so that they see more contacts.

import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [assets, folder] = process.argv.slice(2);
const { default: load } = await import(pathToFileURL(path.join(path.resolve(folder), 'dist', 'mujoco_wasm.js')).href);
const mujoco = await load();
const fields = ['qpos0', 'body_mass', 'body_inertia', 'body_ipos', 'body_pos', 'geom_size', 'geom_pos', 'geom_friction', 'geom_condim', 'geom_margin', 'geom_solref',
  'geom_solimp', 'jnt_range', 'jnt_axis', 'jnt_pos', 'jnt_stiffness', 'jnt_solref', 'jnt_solimp', 'dof_damping', 'dof_armature', 'dof_invweight0', 'actuator_gear', 'actuator_ctrlrange'];
const options = ['timestep', 'integrator', 'solver', 'iterations', 'tolerance', 'ls_iterations', 'cone', 'jacobian', 'impratio', 'disableflags', 'enableflags'];

const inside = (x, low, high) => low < x && x < high;
const walks = {
  'HalfCheetah-v4': { file: 'half_cheetah.xml', skip: 5, cost: 0.1, alive: 0, limit: Infinity, healthy: () => true },
  'Hopper-v4': {
    file: 'hopper.xml', skip: 4, cost: 1e-3, alive: 1, limit: 10,
    healthy: (q, v) => q[1] > 0.7 && inside(q[2], -0.2, 0.2) && [...q, ...v].slice(2).every(x => inside(x, -100, 100)),
  },
  'Walker2d-v4': { file: 'walker2d.xml', skip: 4, cost: 1e-3, alive: 1, limit: 10, healthy: q => inside(q[1], 0.8, 2) && inside(q[2], -1, 1) },
};

let seed = 20;
const draw = () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2147483648 - 1;
};

const golden = {};
for (const [id, walk] of Object.entries(walks)) {
  mujoco.FS.writeFile('/model.xml', fs.readFileSync(path.join(assets, walk.file)));
  const model = mujoco.MjModel.loadFromXML('/model.xml'), data = new mujoco.MjData(model);
  const start = { positions: [...model.qpos0].map(q => q + 0.1 * draw()), velocities: Array.from({ length: model.nv }, draw) };
  data.qpos.set(start.positions);
  data.qvel.set(start.velocities);
  mujoco.mj_forward(model, data);
  const steps = [];
  for (let t = 0; t < 60; t++) {
    // Sixty-fourths: float32 holds them.
    const action = Array.from({ length: model.nu }, () => Math.round(64 * draw()) / 64), before = data.qpos[0];
    data.ctrl.set(action);
    for (let k = 0; k < walk.skip; k++) mujoco.mj_step(model, data);
    steps.push({
      action,
      observation: [...data.qpos.subarray(1), ...data.qvel.map(v => Math.min(Math.max(v, -walk.limit), walk.limit))],
      reward: (data.qpos[0] - before) / (model.opt.timestep * walk.skip) + walk.alive - walk.cost * action.reduce((sum, a) => sum + a * a, 0),
      healthy: walk.healthy([...data.qpos], [...data.qvel]),
    });
  }
  golden[id] = {
    model: Object.fromEntries(fields.map(f => [f, [...model[f]]])),
    option: { ...Object.fromEntries(options.map(o => [o, model.opt[o]])), gravity: [...model.opt.gravity] },
    start,
    steps,
  };
}
fs.writeFileSync(new URL('./mujoco.json', import.meta.url), `${JSON.stringify(golden)}\n`);

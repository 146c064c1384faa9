// What the tests of MuJoCo's robots ask of the server's own modules, beside the protocol: prints one JSON object.
//
//   node physics.mjs SERVER MUJOCO_JS GOLDEN     folders of the server and of the npm package; the file mujoco.json

import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [server, folder, goldenFile] = process.argv.slice(2);
const from = name => import(pathToFileURL(path.join(path.resolve(server), name)).href);
const { loadMujoco } = await from('engine.mjs');
const { Simulator } = await from('simulator.mjs');
const { tasks, parameters } = await from('tasks.mjs');
const { seedStream, nextNormal, nextUniform, nextWord } = await from('random.mjs');
const { capsules } = await from('mjcf.mjs');

const { mujoco } = await loadMujoco(path.resolve(folder));
const golden = JSON.parse(fs.readFileSync(goldenFile, 'utf8'));
const words = new Uint32Array(4);
seedStream(words, 0, 7n);

const make = (id, changes = {}) => new Simulator(mujoco, tasks[id], { ...parameters(tasks[id]), ...changes });
const worst = (a, b) => a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i])), 0);

// The compiled model against Gymnasium's, number by number.
function compareModel(id, changes) {
  const { model } = make(id, changes), differing = [];
  let numbers = 0;
  for (const [holder, expected] of [[model, golden[id].model], [model.opt, golden[id].option]]) {
    for (const [name, value] of Object.entries(expected)) {
      const [found, wanted] = Array.isArray(value) ? [[...holder[name]], value] : [[holder[name]], [value]];
      numbers += wanted.length;
      if (found.length !== wanted.length || worst(found, wanted) !== 0) differing.push(name);
    }
  }
  return { numbers, differing };
}

// The golden trajectory stepped again; the worst difference anywhere.
function replay(id, changes) {
  const simulator = make(id, changes), { start, steps } = golden[id];
  const state = new Float64Array(simulator.width), reward = new Float64Array(1), observation = new Float64Array(simulator.observations);
  state.set([...start.positions, ...start.velocities]);
  simulator.place(state, 0);
  let observations = 0, rewards = 0, ends = 0;
  for (const step of steps) {
    const ended = simulator.step(state, 0, Float32Array.from(step.action), 0, reward, 0);
    simulator.observe(state, 0, observation, 0);
    observations = Math.max(observations, worst(step.observation, observation));
    rewards = Math.max(rewards, Math.abs(step.reward - reward[0]));
    ends += ended === step.healthy ? 1 : 0;
  }
  return { steps: steps.length, observations, rewards, ends, unhealthy: steps.filter(s => !s.healthy).length };
}

const flag = name => mujoco.mjtDisableBit[name].value;

// A second of flight, without friction in the joints, ground or joint limits: what energy becomes, and the path of the center of mass.
function flight(id, timestep) {
  const { model, data } = make(id, { damping: 0 });
  model.opt.timestep = timestep;
  model.opt.integrator = mujoco.mjtIntegrator.mjINT_RK4.value;
  model.opt.disableflags |= flag('mjDSBL_CONTACT') | flag('mjDSBL_LIMIT');
  model.opt.enableflags |= mujoco.mjtEnableBit.mjENBL_ENERGY.value;
  data.qpos.set(model.qpos0);
  data.qpos.set(Array.from({ length: model.nq - 3 }, (_, i) => (i % 2 ? -0.3 : 0.2)), 3);
  data.qvel.set(Array.from({ length: model.nv }, (_, i) => [1, 3, 0.5, 2, -1, 1.5, -2, 1, 0.7][i]));
  const energy = () => data.energy[0] + data.energy[1];
  const center = () => [data.subtree_com[3], data.subtree_com[5]];
  const steps = Math.round(0.5 / timestep);
  mujoco.mj_forward(model, data);
  const initial = energy(), kinetic = data.energy[1], path = [center()];
  for (let half = 0; half < 2; half++) {
    for (let t = 0; t < steps; t++) mujoco.mj_step(model, data);
    mujoco.mj_forward(model, data);
    path.push(center());
  }
  const bend = axis => path[2][axis] - 2 * path[1][axis] + path[0][axis];
  return { kinetic, drift: Math.abs(energy() - initial), fall: Math.abs(bend(1) + 9.81 / 4), sideways: Math.abs(bend(0)) };
}

// Left alone until it rests: what carries it, against what it weighs.
function rest(id, changes) {
  const { model, data } = make(id, changes);
  for (let t = 0; t < 12 / model.opt.timestep; t++) mujoco.mj_step(model, data);
  const mass = model.body_mass.reduce((sum, m) => sum + m, 0);
  return { mass, weight: -mass * model.opt.gravity[2], support: data.qfrc_constraint[1], contacts: data.ncon, speed: Math.max(...data.qvel.map(Math.abs)) };
}

// The lowest point that any capsule reaches under random torques, without episodes that end.
function lowest(id) {
  const { model, data } = make(id), parts = capsules(tasks[id].robot);
  let low = Infinity;
  for (let t = 0; t < 12000; t++) {
    if (t % 20 === 0) for (let j = 0; j < model.nu; j++) data.ctrl[j] = nextUniform(words, 0) < 0.5 ? -1 : 1;
    mujoco.mj_step(model, data);
    const position = data.geom_xpos, matrix = data.geom_xmat;
    parts.forEach((part, i) => {
      low = Math.min(low, position[3 * (i + 1) + 2] - Math.abs(part.half * matrix[9 * (i + 1) + 8]) - part.radius);
    });
  }
  return low;
}

// Whether a robot at rest but for some numbers of its state goes on.
function goesOn(id, changes) {
  const simulator = make(id), nq = simulator.positions;
  const state = new Float64Array(nq + simulator.velocities);
  state.set(simulator.firstPositions);
  for (const [at, value] of changes) state[at] = value;
  return tasks[id].healthy(state.subarray(0, nq), state.subarray(nq));
}

const below = x => x - 2 ** -52, above = x => x + 2 ** -52;
const hundred = 100 * (1 - 2 ** -53);
const bounds = {
  'Hopper-v4': [
    [[1, 0.7], false], [[1, above(0.7)], true], [[1, 50], true], [[2, 0.2], false], [[2, below(0.2)], true], [[2, -0.2], false], [[2, above(-0.2)], true],
    [[4, 100], false], [[4, hundred], true], [[6, -100], false], [[11, 100], false], [[11, -hundred], true], [[0, 1000], true], [[1, NaN], false], [[8, NaN], false],
  ],
  'Walker2d-v4': [
    [[1, 0.8], false], [[1, above(0.8)], true], [[1, 2], false], [[1, below(2)], true], [[2, 1], false], [[2, below(1)], true], [[2, -1], false], [[2, above(-1)], true],
    [[9, 1e6], true], [[2, NaN], false],
  ],
  'HalfCheetah-v4': [[[1, -5], true], [[2, 10], true], [[9, 1e6], true]],
};

function drawMany() {
  const count = 200000, uniform = [0, 0, 0], normal = [0, 0, 0, 0], seeded = new Uint32Array(4);
  seedStream(seeded, 0, 0n);
  for (let i = 0; i < count; i++) {
    const u = nextUniform(words, 0), n = nextNormal(words, 0);
    uniform[0] += u >= 0 && u < 1 ? 0 : 1;
    uniform[1] += u / count;
    uniform[2] += (u * u) / count;
    for (let k = 0; k < 4; k++) normal[k] += n ** (k + 1) / count;
  }
  const counted = new Uint32Array([1, 2, 3, 4]);
  return { count, uniform, normal, seeded: [...seeded], words: [0, 0, 0, 0].map(() => nextWord(counted, 0)) };
}

const ratio = (found, nominal) => [...found].map((x, i) => (nominal[i] === 0 ? (x === 0 ? null : NaN) : x / nominal[i])).filter(x => x !== null);

const result = { version: mujoco.mj_versionString(), draws: drawMany(), robots: {} };
for (const id of Object.keys(tasks)) {
  const { model } = make(id);
  result.robots[id] = {
    masses: [...model.body_mass].slice(1),
    secondsPerStep: tasks[id].frameSkip * model.opt.timestep,
    model: compareModel(id),
    otherModel: compareModel(id, { torso_mass: 1.1 }),
    replay: replay(id),
    otherReplay: replay(id, { gravity: 9.811 }),
    coarseFlight: flight(id, 0.004),
    flight: flight(id, 0.002),
    rest: rest(id),
    heavyRest: rest(id, { torso_mass: 2 }),
    lowest: lowest(id),
    bounds: bounds[id].map(([change, expected]) => ({ change: `${change[0]}: ${change[1]}`, expected, found: goesOn(id, [change]) })),
    gear: ratio(make(id, { strength: 1.5 }).model.actuator_gear, model.actuator_gear),
    damping: ratio(make(id, { damping: 2 }).model.dof_damping, model.dof_damping),
    sliding: ratio(make(id, { friction: 0.5 }).model.geom_friction, model.geom_friction).filter((_, i) => i % 3 === 0),
    rolling: ratio(make(id, { friction: 0.5 }).model.geom_friction, model.geom_friction).filter((_, i) => i % 3 !== 0),
    heavyTorso: ratio(make(id, { torso_mass: 2 }).model.body_mass, model.body_mass),
  };
}
console.log(JSON.stringify(result));

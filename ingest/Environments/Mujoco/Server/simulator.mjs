// One compiled robot and one working memory, through which a thread steps any number of instances, one after the other.
//
// What decides an instance's future is its row of state: positions, velocities, and the accelerations that warm-start the
// constraint solver (MuJoCo's mjSTATE_INTEGRATION without time, which nothing here depends on). It is copied in before a
// step and out after it, thirty numbers at most. So memory does not grow with the batch, and every thread can take any instance.

import { mjcf } from './mjcf.mjs';
import { nextNormal, nextUniform } from './random.mjs';

export class Simulator {
  #mujoco;
  #views = {};

  /** Compiles a task's robot under parameters. */
  constructor(mujoco, task, parameters) {
    this.#mujoco = mujoco;
    this.task = task;
    this.start = parameters.start;
    mujoco.FS.writeFile('/robot.xml', mjcf(task.robot, parameters));
    this.model = mujoco.MjModel.loadFromXML('/robot.xml');
    this.data = new mujoco.MjData(this.model);
    this.positions = this.model.nq;
    this.velocities = this.model.nv;
    this.actions = this.model.nu;
    /** Numbers in a row of state. */
    this.width = this.positions + 2 * this.velocities;
    /** Numbers in an observation: all but the x position. */
    this.observations = this.positions - 1 + this.velocities;
    this.firstPositions = Float64Array.from(this.model.qpos0);
    this.secondsPerStep = task.frameSkip * this.model.opt.timestep;
  }

  /** MuJoCo's own arrays, from its memory. */
  get views() {
    // Growing memory leaves old views empty.
    if (!(this.#views.qpos?.length > 0)) {
      const { qpos, qvel, ctrl, qacc_warmstart } = this.data;
      this.#views = { qpos, qvel, ctrl, warm: qacc_warmstart };
    }
    return this.#views;
  }

  /** Puts a row of state into MuJoCo; derived quantities are as they were. */
  load(states, at) {
    const { qpos, qvel, warm } = this.views, nq = this.positions, nv = this.velocities;
    for (let j = 0; j < nq; j++) qpos[j] = states[at + j];
    for (let j = 0; j < nv; j++) qvel[j] = states[at + nq + j];
    for (let j = 0; j < nv; j++) warm[j] = states[at + nq + nv + j];
  }

  #store(states, at) {
    const { qpos, qvel, warm } = this.views, nq = this.positions, nv = this.velocities;
    for (let j = 0; j < nq; j++) states[at + j] = qpos[j];
    for (let j = 0; j < nv; j++) states[at + nq + j] = qvel[j];
    for (let j = 0; j < nv; j++) states[at + nq + nv + j] = warm[j];
  }

  /** Computes everything that follows from positions and velocities. */
  forward() {
    this.#mujoco.mj_forward(this.model, this.data);
  }

  /** Draws a start state into a row: positions first, then velocities. */
  begin(states, at, words, wordAt) {
    const nq = this.positions, nv = this.velocities;
    for (let j = 0; j < nq; j++) states[at + j] = this.firstPositions[j] + this.#noise(words, wordAt);
    for (let j = 0; j < nv; j++) {
      states[at + nq + j] = this.task.normalVelocities ? this.start * nextNormal(words, wordAt) : this.#noise(words, wordAt);
    }
    this.place(states, at);
  }

  /** Makes a row with given positions and velocities one that can be stepped: an episode's first. */
  place(states, at) {
    const first = at + this.positions + this.velocities;
    states.fill(0, first, first + this.velocities);
    this.load(states, at);
    this.views.ctrl.fill(0);
    // As Gymnasium does after a reset: the first step's solver starts from the accelerations of the start state.
    this.forward();
    this.#store(states, at);
  }

  #noise(words, wordAt) {
    return -this.start + 2 * this.start * nextUniform(words, wordAt);
  }

  /**
   * One step of a row of state.
   * @param {Float32Array} actions
   * @param {Float64Array} rewards [rewardAt] is written
   * @returns {boolean} whether the episode ended there
   */
  step(states, at, actions, actionAt, rewards, rewardAt) {
    const { task } = this;
    this.load(states, at);
    let effort = 0;
    const { ctrl } = this.views;
    for (let j = 0; j < this.actions; j++) {
      const a = actions[actionAt + j];
      ctrl[j] = a;
      effort += a * a;
    }
    const before = states[at];
    for (let k = 0; k < task.frameSkip; k++) this.#mujoco.mj_step(this.model, this.data);
    this.#store(states, at);
    rewards[rewardAt] = (states[at] - before) / this.secondsPerStep + task.healthyReward - task.controlCost * effort;
    return !task.healthy(this.views.qpos, this.views.qvel);
  }

  /** Writes the observation of a row of state: positions without x, then velocities within the task's limit. */
  observe(states, at, observations, observationAt) {
    const { velocityLimit } = this.task, nq = this.positions, nv = this.velocities;
    for (let j = 1; j < nq; j++) observations[observationAt + j - 1] = states[at + j];
    for (let j = 0; j < nv; j++) {
      observations[observationAt + nq - 1 + j] = Math.max(-velocityLimit, Math.min(velocityLimit, states[at + nq + j]));
    }
  }
}

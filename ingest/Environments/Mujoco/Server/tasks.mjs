// What makes a robot a task: observations, rewards, ends and starts, as Gymnasium's v4 environments define them.
//
// Rewards are computed in double precision from the float32 actions: (x' - x) / dt + 1 where the robot is to stay healthy,
// minus controlCost times the sum of the squared actions. A walker that has just become unhealthy still gets the 1 of its last step.

import { halfCheetah, hopper, walker2d } from './robots.mjs';

const between = (x, low, high) => low < x && x < high;

// Every number from an index on lies inside (-limit, limit).
function within(values, from, limit) {
  for (let i = from; i < values.length; i++) if (!between(values[i], -limit, limit)) return false;
  return true;
}

/** @typedef {{robot: object, frameSkip: number, velocityLimit: number, healthyReward: number, controlCost: number,
 *   start: number, normalVelocities: boolean,
 *   description: string, healthy: (qpos: Float64Array, qvel: Float64Array) => boolean}} Task */

/** @type {Record<string, Task>} */
export const tasks = {
  'HalfCheetah-v4': {
    description: 'A two-legged cheetah in the plane is to run fast.',
    robot: halfCheetah,
    frameSkip: 5,
    velocityLimit: Infinity,
    healthyReward: 0,
    controlCost: 0.1,
    start: 0.1,
    normalVelocities: true,
    healthy: () => true,
  },
  'Hopper-v4': {
    description: 'A one-legged robot in the plane is to hop forward without falling.',
    robot: hopper,
    frameSkip: 4,
    velocityLimit: 10,
    healthyReward: 1,
    controlCost: 0.001,
    start: 0.005,
    normalVelocities: false,
    healthy: (qpos, qvel) => qpos[1] > 0.7 && between(qpos[2], -0.2, 0.2) && within(qpos, 2, 100) && within(qvel, 0, 100),
  },
  'Walker2d-v4': {
    description: 'A two-legged robot in the plane is to walk forward without falling.',
    robot: walker2d,
    frameSkip: 4,
    velocityLimit: 10,
    healthyReward: 1,
    controlCost: 0.001,
    start: 0.005,
    normalVelocities: false,
    healthy: qpos => between(qpos[1], 0.8, 2) && between(qpos[2], -1, 1),
  },
};

/** Steps after which an episode is cut as truncated. */
export const stepLimit = 1000;

/** The parameters of a task with their defaults: start is the half-width of the start's noise (HalfCheetah's velocities: its standard deviation). */
export const parameters = task => ({ damping: 1, friction: 1, gravity: 9.81, start: task.start, strength: 1, torso_mass: 1 });

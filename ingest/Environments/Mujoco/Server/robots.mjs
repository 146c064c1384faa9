// Hopper, HalfCheetah and Walker2d as tables of constants.
//
// The constants are the published ones of Gymnasium's v4 environments (from OpenAI Gym's). All three robots move in the x-z
// plane, so that points are [x, z] and a turn is about the y axis. Lengths in m, densities in kg/m^3, torques in N m,
// damping in N m s/rad, stiffness in N m/rad. What holds for all parts of a robot stands at its top.

/**
 * A link where it stands in the world, as Hopper and Walker2d were first published.
 * @returns the link in its parent's coordinates, as mjcf.mjs takes it
 */
function placed({ name, origin, from, to, radius, friction, hinge, gear, range, shade, links = [] }, parent) {
  const upright = from[0] === to[0];
  return {
    name,
    at: [origin[0] - parent[0], origin[1] - parent[1]],
    capsules: [{
      radius,
      half: (upright ? from[1] - to[1] : to[0] - from[0]) / 2,
      at: [(from[0] + to[0]) / 2 - origin[0], (from[1] + to[1]) / 2 - origin[1]],
      turn: upright ? 0 : -90,
      friction,
      shade,
    }],
    joint: hinge && { at: [hinge[0] - origin[0], hinge[1] - origin[1]], direction: -1, gear, range },
    links: links.map(l => placed(l, origin)),
  };
}

const leg = ({ suffix, gear, foot, shade, links }) => ({
  name: `thigh${suffix}`, origin: [0, 1.05], from: [0, 1.05], to: [0, 0.6], radius: 0.05, friction: 0.9, shade,
  hinge: [0, 1.05], gear, range: [-150, 0],
  links: [{
    name: `leg${suffix}`, origin: [0, 0.35], from: [0, 0.6], to: [0, 0.1], radius: 0.04, friction: 0.9, shade,
    hinge: [0, 0.6], gear, range: [-150, 0],
    links: [{
      name: `foot${suffix}`, origin: [foot.origin, 0], from: [foot.heel, 0.1], to: [foot.toe, 0.1], radius: 0.06, friction: foot.friction, shade,
      hinge: [0, 0.1], gear, range: [-45, 45],
    }],
  }],
});

const upright = (legs) => ({
  ...placed({ name: 'torso', origin: [0, 1.25], from: [0, 1.45], to: [0, 1.05], radius: 0.05, friction: 0.9, links: legs }, [0, 0]),
  // The root's height is counted from the ground, its slides pass through the world's origin.
  root: { at: [0, -1.25], height: 1.25 },
});

export const hopper = {
  angle: 'degree',
  option: { timestep: 0.002, integrator: 'RK4' },
  joint: { armature: 1, damping: 1 },
  geom: { conaffinity: 1, contype: 1, condim: 1, margin: 0.001, solimp: [0.8, 0.8, 0.01], solref: [0.02, 1], friction: [1, 0.005, 0.0001] },
  floor: { condim: 3, conaffinity: 1, size: [20, 20, 0.125] },
  torso: upright([leg({ suffix: '', gear: 200, foot: { origin: 0.13, heel: -0.13, toe: 0.26, friction: 2 }, shade: 0 })]),
};

export const walker2d = {
  angle: 'degree',
  option: { timestep: 0.002, integrator: 'RK4' },
  joint: { armature: 0.01, damping: 0.1 },
  geom: { conaffinity: 0, contype: 1, condim: 3, density: 1000, friction: [0.7, 0.1, 0.1] },
  floor: { condim: 3, conaffinity: 1, size: [40, 40, 40] },
  torso: upright([
    leg({ suffix: '', gear: 100, foot: { origin: 0.2, heel: 0, toe: 0.2, friction: 0.9 }, shade: 0 }),
    // The feet differ: 0.9 right, 1.9 left. So it was published, and v4 keeps it.
    leg({ suffix: '_left', gear: 100, foot: { origin: 0.2, heel: 0, toe: 0.2, friction: 1.9 }, shade: 1 }),
  ]),
};

const limb = (name, at, { half, middle, turn }, { range, damping, stiffness, gear }, shade, links = []) => ({
  name, at, links,
  capsules: [{ radius: 0.046, half, at: middle, turn, shade }],
  joint: { at: [0, 0], direction: 1, range, damping, stiffness, gear },
});

export const halfCheetah = {
  angle: 'radian',
  totalMass: 14,
  option: { timestep: 0.01, integrator: 'Euler' },
  joint: { armature: 0.1, damping: 0.01, stiffness: 8, solimplimit: [0, 0.8, 0.03], solreflimit: [0.02, 1] },
  geom: { conaffinity: 0, contype: 1, condim: 3, friction: [0.4, 0.1, 0.1], solimp: [0, 0.8, 0.01], solref: [0.02, 1] },
  floor: { condim: 3, conaffinity: 1, size: [40, 40, 40] },
  torso: {
    name: 'torso',
    at: [0, 0.7],
    root: { at: [0, 0], height: 0 },
    capsules: [
      { radius: 0.046, half: 0.5, ends: [[-0.5, 0], [0.5, 0]] },
      { radius: 0.046, half: 0.15, at: [0.6, 0.1], turn: 0.87 },
    ],
    links: [
      limb('bthigh', [-0.5, 0], { half: 0.145, middle: [0.1, -0.13], turn: -3.8 }, { range: [-0.52, 1.05], damping: 6, stiffness: 240, gear: 120 }, 0, [
        limb('bshin', [0.16, -0.25], { half: 0.15, middle: [-0.14, -0.07], turn: -2.03 }, { range: [-0.785, 0.785], damping: 4.5, stiffness: 180, gear: 90 }, 1, [
          limb('bfoot', [-0.28, -0.14], { half: 0.094, middle: [0.03, -0.097], turn: -0.27 }, { range: [-0.4, 0.785], damping: 3, stiffness: 120, gear: 60 }, 1),
        ]),
      ]),
      limb('fthigh', [0.5, 0], { half: 0.133, middle: [-0.07, -0.12], turn: 0.52 }, { range: [-1, 0.7], damping: 4.5, stiffness: 180, gear: 120 }, 0, [
        limb('fshin', [-0.14, -0.24], { half: 0.106, middle: [0.065, -0.09], turn: -0.6 }, { range: [-1.2, 0.87], damping: 3, stiffness: 120, gear: 60 }, 1, [
          limb('ffoot', [0.13, -0.18], { half: 0.07, middle: [0.045, -0.07], turn: -0.6 }, { range: [-0.5, 0.5], damping: 1.5, stiffness: 60, gear: 30 }, 1),
        ]),
      ]),
    ],
  },
};

// From a robot's table and the parameters of a variant to the MJCF text that MuJoCo compiles.

const number = x => (Array.isArray(x) ? x.map(String).join(' ') : String(x));

function element(tag, attributes, children = []) {
  const text = Object.entries(attributes).filter(([, v]) => v !== undefined).map(([k, v]) => ` ${k}="${number(v)}"`).join('');
  return children.length === 0 ? `<${tag}${text}/>` : `<${tag}${text}>${children.join('')}</${tag}>`;
}

const point = ([x, z]) => [x, 0, z];

// Where the ends were published MuJoCo gets the ends: its own way from them to a rotation decides the last digit.
const shape = c => (c.ends
  ? { size: [c.radius], fromto: c.ends.flatMap(point) }
  : { size: [c.radius, c.half], pos: point(c.at), axisangle: c.turn === 0 ? undefined : [0, 1, 0, c.turn] });

// Up to a factor that all share.
const volume = capsule => capsule.radius ** 2 * (2 * capsule.half + (4 / 3) * capsule.radius);

const sum = (items, of) => items.reduce((total, item) => total + of(item), 0);

const linkVolume = link => sum(link.capsules, volume) + sum(link.links, linkVolume);

/** The links in the order of their joints, the torso first. */
export const links = torso => [torso, ...torso.links.flatMap(links)];

/** The capsules in the order of MuJoCo's geoms behind the floor. */
export const capsules = robot => links(robot.torso).flatMap(l => l.capsules);

/**
 * @param robot of robots.mjs
 * @param {{gravity: number, friction: number, torso_mass: number, strength: number, damping: number}} variant gravity in m/s^2,
 *   the others as factors: of every coefficient of sliding friction, the torso's mass, the motors' torques, the joints' damping
 * @returns {string}
 */
export function mjcf(robot, variant) {
  // Where masses are scaled to a total, a heavier torso must add to it instead of making the limbs lighter.
  const share = sum(robot.torso.capsules, volume) / linkVolume(robot.torso);
  const totalMass = robot.totalMass === undefined ? undefined : robot.totalMass * (1 + (variant.torso_mass - 1) * share);
  const [sliding, torsional, rolling] = robot.geom.friction;

  const body = (link, isTorso) => element('body', { name: link.name, pos: point(link.at) }, [
    ...(isTorso ? root(link.root) : [hinge(link)]),
    ...link.capsules.map(c => capsule(c, isTorso)),
    ...link.links.map(l => body(l, false)),
  ]);

  const still = { armature: 0, damping: 0, stiffness: 0, limited: 'false' };
  const root = ({ at, height }) => [
    element('joint', { name: 'rootx', type: 'slide', axis: [1, 0, 0], pos: point(at), ...still }),
    element('joint', { name: 'rootz', type: 'slide', axis: [0, 0, 1], pos: point(at), ref: height, ...still }),
    element('joint', { name: 'rooty', type: 'hinge', axis: [0, 1, 0], pos: [0, 0, 0], ...still }),
  ];

  const hinge = ({ name, joint }) => element('joint', {
    name, type: 'hinge', axis: [0, joint.direction, 0], pos: point(joint.at), range: joint.range, stiffness: joint.stiffness,
    damping: (joint.damping ?? robot.joint.damping) * variant.damping,
  });

  const capsule = (c, isTorso) => element('geom', {
    type: 'capsule', ...shape(c),
    friction: c.friction === undefined ? undefined : [c.friction * variant.friction, torsional, rolling],
    density: isTorso ? (robot.geom.density ?? 1000) * variant.torso_mass : undefined,
  });

  return element('mujoco', {}, [
    element('compiler', { angle: robot.angle, inertiafromgeom: 'true', settotalmass: totalMass }),
    element('option', { ...robot.option, gravity: [0, 0, -variant.gravity] }),
    // For contacts and constraints: thirty times what these robots have been seen to use. MuJoCo's own guess is 13 MB.
    element('size', { memory: '1M' }),
    element('default', {}, [
      element('joint', { ...robot.joint, limited: 'true' }),
      element('geom', { ...robot.geom, friction: [sliding * variant.friction, torsional, rolling] }),
      element('motor', { ctrllimited: 'true', ctrlrange: [-1, 1] }),
    ]),
    element('worldbody', {}, [element('geom', { name: 'floor', type: 'plane', ...robot.floor }), body(robot.torso, true)]),
    element('actuator', {}, links(robot.torso).slice(1).map(l => element('motor', { name: l.name, joint: l.name, gear: l.joint.gear * variant.strength }))),
  ]);
}

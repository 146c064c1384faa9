// A side view of a robot, which is exact: all three move in the plane of the picture. The camera keeps with the torso, and
// the ground's squares of half a meter show how fast it goes.

import { capsules } from './mjcf.mjs';

const background = [246, 248, 250], ground = [[198, 206, 214], [222, 228, 234]], horizon = [130, 138, 148];
const shades = [[204, 153, 102], [179, 107, 158]];
const groundHeight = 40, pixelsPerMeter = 115, square = 0.5;

export class Picture {
  static width = 320;
  static height = 240;

  #simulator;
  #capsules;

  constructor(simulator) {
    this.#simulator = simulator;
    this.#capsules = capsules(simulator.task.robot).map((capsule, i) => ({ geom: i + 1, radius: capsule.radius, half: capsule.half, shade: capsule.shade ?? -1 }));
  }

  /**
   * @param {Float64Array} states
   * @param {number} at where the instance's row begins
   * @param {Uint8Array} rgb [height, width, 3], written
   */
  draw(states, at, rgb) {
    const { data } = this.#simulator;
    this.#simulator.load(states, at);
    this.#simulator.forward();
    const position = data.geom_xpos, matrix = data.geom_xmat, middle = data.xpos[3];
    this.#scene(rgb, middle);
    // What stands behind comes first: the left leg of a walker.
    for (const c of [...this.#capsules].sort((a, b) => b.shade - a.shade)) {
      const x = position[3 * c.geom] - middle, z = position[3 * c.geom + 2];
      const dx = c.half * matrix[9 * c.geom + 2], dz = c.half * matrix[9 * c.geom + 8];
      this.#capsule(rgb, [x - dx, z - dz], [x + dx, z + dz], c.radius, shades[Math.max(0, c.shade)]);
    }
  }

  #scene(rgb, middle) {
    const { width, height } = Picture, top = height - groundHeight;
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const x = middle + (column + 0.5 - width / 2) / pixelsPerMeter;
        const deep = row >= top + groundHeight / 2 ? 1 : 0;
        const color = row < top ? background : row === top ? horizon : ground[(Math.floor(x / square) + deep) & 1];
        rgb.set(color, 3 * (row * width + column));
      }
    }
  }

  // Coverage of a pixel: one where its center lies half a pixel inside, none where half a pixel outside; a darker rim.
  #capsule(rgb, [x0, z0], [x1, z1], radius, color) {
    const { width, height } = Picture;
    const u0 = width / 2 + x0 * pixelsPerMeter, v0 = height - groundHeight - z0 * pixelsPerMeter;
    const u1 = width / 2 + x1 * pixelsPerMeter, v1 = height - groundHeight - z1 * pixelsPerMeter;
    const r = radius * pixelsPerMeter, du = u1 - u0, dv = v1 - v0, square = du * du + dv * dv;
    const clamp = (x, low, high) => Math.max(low, Math.min(high, x));
    const fromRow = clamp(Math.floor(Math.min(v0, v1) - r - 1), 0, height), toRow = clamp(Math.ceil(Math.max(v0, v1) + r + 1), 0, height);
    const fromColumn = clamp(Math.floor(Math.min(u0, u1) - r - 1), 0, width), toColumn = clamp(Math.ceil(Math.max(u0, u1) + r + 1), 0, width);
    for (let row = fromRow; row < toRow; row++) {
      for (let column = fromColumn; column < toColumn; column++) {
        const u = column + 0.5 - u0, v = row + 0.5 - v0;
        const along = square === 0 ? 0 : clamp((u * du + v * dv) / square, 0, 1);
        const distance = Math.hypot(u - along * du, v - along * dv);
        const coverage = clamp(r + 0.5 - distance, 0, 1);
        if (coverage === 0) continue;
        const rim = 1 - 0.35 * clamp(distance - r + 2, 0, 1);
        const pixel = 3 * (row * width + column);
        for (let k = 0; k < 3; k++) rgb[pixel + k] += Math.round(coverage * (color[k] * rim - rgb[pixel + k]));
      }
    }
  }
}

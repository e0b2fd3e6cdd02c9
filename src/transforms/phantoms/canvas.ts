/**
 * Paints shapes of known volume onto a voxel grid, later shapes over earlier ones, with the partial volume of edges.
 * Positions are millimetres from the grid's centre, in patient axes: x to the right, y anterior, z superior.
 */
import { count, mapVec3, type Vec3 } from '../../math/vector.js';
import { type Matrix3, rotationMatrix } from '../spatial.js';

/** Moves the coordinate `axis` by `perMm` times the square of the coordinate `along`: bends a shape, keeps its volume. */
export interface Bend {
  readonly axis: number;
  readonly along: number;
  readonly perMm: number;
}

/** An ellipsoid, or with an infinite radius an elliptic cylinder; bent, then rotated, then moved to its centre. */
export interface Shape {
  readonly centre: Vec3;
  readonly radii: Vec3;
  /** Degrees about x, then y, then z. */
  readonly rotation?: Vec3;
  readonly bends?: readonly Bend[];
}

/** Where the anatomy lies in the scanner: everything painted is rotated, scaled and shifted by it. */
export interface Pose {
  readonly rotation: Vec3;
  readonly scale: number;
  readonly shift: Vec3;
}

export interface Canvas {
  readonly size: Vec3;
  /** mm along x, y, z. */
  readonly spacing: Vec3;
  readonly pose: Pose;
  readonly signal: Float32Array;
  readonly label: Uint8Array;
}

export interface Style {
  /** Field over the grid, mean 0 and variance about 1, that modulates the painted signal. */
  readonly field?: Float32Array;
  /** Change of signal per unit of the field. */
  readonly texture?: number;
  /** Irregularity of the outline: mm of displacement per unit of the field. */
  readonly wobble?: number;
}

export function createCanvas(size: Vec3, spacing: Vec3, pose: Pose, background: number): Canvas {
  const voxels = count(size);
  return {
    size,
    spacing,
    pose,
    signal: new Float32Array(voxels).fill(background),
    label: new Uint8Array(voxels),
  };
}

/** Paint a shape with a signal; its edge mixes with what lies beneath over about a voxel. */
export function paint(canvas: Canvas, shape: Shape, value: number, style: Style = {}): void {
  draw(canvas, shape, value, style, false);
}

/**
 * Paint a shape and mark it as the target: label 1 where a voxel's centre lies inside.
 * @returns the shape's volume in ml: 4/3 pi abc, for a cylinder along z pi ab times the grid's extent
 */
export function paintTarget(
  canvas: Canvas,
  shape: Shape,
  value: number,
  style: Pick<Style, 'field' | 'texture'> = {},
): number {
  draw(canvas, shape, value, style, true);
  const [a, b, c] = mapVec3(shape.radii, (radius) => radius * canvas.pose.scale);
  const area = Math.PI * a * b;
  const length = c === Infinity ? canvas.size[2] * canvas.spacing[2] : (4 / 3) * c;
  return (area * length) / 1000;
}

function draw(canvas: Canvas, shape: Shape, value: number, style: Style, isTarget: boolean): void {
  const { size, spacing, pose, signal, label } = canvas;
  const { field, texture = 0, wobble = 0 } = style;
  const rotation = product(rotationMatrix(pose.rotation), rotationMatrix(shape.rotation ?? [0, 0, 0]));
  const moved = apply(rotationMatrix(pose.rotation), shape.centre);
  const centre = mapVec3(moved, (value, axis) => value * pose.scale + pose.shift[axis]);
  // A cylinder is an ellipsoid so long that its ends are out of reach.
  const radii = mapVec3(shape.radii, (radius) => Math.min(radius * pose.scale, 1e7));
  const bends = (shape.bends ?? []).map((bend) => ({ ...bend, perMm: bend.perMm / pose.scale }));
  const reach = mapVec3(
    radii,
    (radius, axis) =>
      radius + bends.reduce((sum, b) => sum + (b.axis === axis ? Math.abs(b.perMm) * radii[b.along] ** 2 : 0), 0),
  );
  const margin = 3 * wobble + Math.max(...spacing);
  const [rx, ry, rz] = radii;
  const [r00, r01, r02, r10, r11, r12, r20, r21, r22] = rotation;
  const bounds = mapVec3([0, 1, 2], (row) => {
    const half = Math.hypot(
      rotation[3 * row] * reach[0],
      rotation[3 * row + 1] * reach[1],
      rotation[3 * row + 2] * reach[2],
    );
    return half * (bends.length > 0 ? Math.sqrt(3) : 1) + margin;
  });
  const middle = mapVec3(size, (n) => (n - 1) / 2);
  const first = mapVec3(bounds, (b, axis) => Math.max(0, Math.ceil((centre[axis] - b) / spacing[axis] + middle[axis])));
  const last = mapVec3(bounds, (b, axis) =>
    Math.min(size[axis] - 1, Math.floor((centre[axis] + b) / spacing[axis] + middle[axis])),
  );
  const inside = Math.min(...radii);
  for (let k = first[2]; k <= last[2]; k++) {
    const z = (k - middle[2]) * spacing[2] - centre[2];
    for (let j = first[1]; j <= last[1]; j++) {
      const y = (j - middle[1]) * spacing[1] - centre[1];
      for (let i = first[0]; i <= last[0]; i++) {
        const x = (i - middle[0]) * spacing[0] - centre[0];
        const local: [number, number, number] = scratch;
        local[0] = r00 * x + r10 * y + r20 * z;
        local[1] = r01 * x + r11 * y + r21 * z;
        local[2] = r02 * x + r12 * y + r22 * z;
        for (let n = bends.length - 1; n >= 0; n--) {
          local[bends[n].axis] -= bends[n].perMm * local[bends[n].along] ** 2;
        }
        const u = local[0] / rx;
        const v = local[1] / ry;
        const w = local[2] / rz;
        const index = i + size[0] * (j + size[1] * k);
        const distance = Math.sqrt(u * u + v * v + w * w);
        const gx = u / rx;
        const gy = v / ry;
        const gz = w / rz;
        const slope = Math.sqrt(gx * gx + gy * gy + gz * gz);
        // First-order distance to the surface in mm, negative inside.
        let depth = slope > 0 ? (distance * (distance - 1)) / slope : -inside;
        if (isTarget && distance < 1) label[index] = 1;
        if (field !== undefined) depth += wobble * field[index];
        if (depth >= margin) continue;
        let share = 1;
        if (depth > -margin && slope > 0) {
          // A voxel's width across the surface: its three sides projected on the normal.
          const width =
            (Math.abs(r00 * gx + r01 * gy + r02 * gz) * spacing[0] +
              Math.abs(r10 * gx + r11 * gy + r12 * gz) * spacing[1] +
              Math.abs(r20 * gx + r21 * gy + r22 * gz) * spacing[2]) /
            slope;
          share = 0.5 - depth / width;
          if (share <= 0) continue;
          if (share > 1) share = 1;
        }
        const painted = field === undefined ? value : value + texture * field[index];
        signal[index] += share * (painted - signal[index]);
      }
    }
  }
}

/** One point at a time passes through here; sharing it spares an allocation per voxel. */
const scratch: [number, number, number] = [0, 0, 0];

function apply(m: Matrix3, [x, y, z]: Vec3): Vec3 {
  return [m[0] * x + m[1] * y + m[2] * z, m[3] * x + m[4] * y + m[5] * z, m[6] * x + m[7] * y + m[8] * z];
}

function product(a: Matrix3, b: Matrix3): Matrix3 {
  return a.map((_, i) => {
    const [row, column] = [3 * Math.floor(i / 3), i % 3];
    return a[row] * b[column] + a[row + 1] * b[column + 3] + a[row + 2] * b[column + 6];
  });
}

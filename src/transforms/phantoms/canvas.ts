/**
 * Paints shapes of known volume onto a voxel grid, later shapes over earlier ones, with the partial volume of edges.
 * Positions are millimetres from the grid's centre, in patient axes: x to the right, y anterior, z superior.
 */
import { count, mapVec3, type Vec3 } from '../../math/vector.js';
import { type Matrix3, rotationMatrix } from '../spatial.js';

/**
 * Moves the coordinate `axis` by `perMm` times the square of the coordinate `along`, which no other bend may move:
 * a shear, so that a bent shape keeps its volume.
 */
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

/** A shape in its place on the grid. */
interface Placed {
  readonly centre: Vec3;
  readonly radii: Vec3;
  readonly rotation: Matrix3;
  readonly bends: readonly Bend[];
  /** Inclusive box of voxels that the shape and a margin around it can touch. */
  readonly first: Vec3;
  readonly last: Vec3;
}

function place({ size, spacing, pose }: Canvas, shape: Shape, margin: number): Placed {
  const posed = rotationMatrix(pose.rotation);
  const rotation = product(posed, rotationMatrix(shape.rotation ?? [0, 0, 0]));
  const centre = mapVec3(apply(posed, shape.centre), (value, axis) => value * pose.scale + pose.shift[axis]);
  // A cylinder is an ellipsoid so long that its ends are out of reach.
  const radii = mapVec3(shape.radii, (radius) => Math.min(radius * pose.scale, 1e7));
  const bends = (shape.bends ?? []).map((bend) => ({ ...bend, perMm: bend.perMm / pose.scale }));
  const reach = mapVec3(radii, (radius, axis) =>
    bends.reduce((sum, b) => sum + (b.axis === axis ? Math.abs(b.perMm) * radii[b.along] ** 2 : 0), radius),
  );
  const bound = mapVec3([0, 3, 6], (row) => {
    const parts = [rotation[row] * reach[0], rotation[row + 1] * reach[1], rotation[row + 2] * reach[2]].map(Math.abs);
    return margin + (bends.length > 0 ? parts[0] + parts[1] + parts[2] : Math.hypot(...parts));
  });
  const voxel = (mm: number, axis: number) => mm / spacing[axis] + (size[axis] - 1) / 2;
  const first = mapVec3(bound, (b, axis) => Math.max(0, Math.ceil(voxel(centre[axis] - b, axis))));
  const last = mapVec3(bound, (b, axis) => Math.min(size[axis] - 1, Math.floor(voxel(centre[axis] + b, axis))));
  return { centre, radii, rotation, bends, first, last };
}

function draw(canvas: Canvas, shape: Shape, value: number, style: Style, isTarget: boolean): void {
  const { size, spacing, signal, label } = canvas;
  const { field, texture = 0, wobble = 0 } = style;
  const margin = 3 * wobble + Math.max(...spacing);
  const { centre, radii, rotation, bends, first, last } = place(canvas, shape, margin);
  const [rx, ry, rz] = radii;
  const [sx, sy, sz] = spacing;
  const [r00, r01, r02, r10, r11, r12, r20, r21, r22] = rotation;
  const [ox, oy, oz] = mapVec3(centre, (c, axis) => ((size[axis] - 1) / 2) * spacing[axis] + c);
  // Distance to the surface is at least |f - 1| times the smallest radius, f being the scaled distance to the centre.
  const narrow = margin / Math.min(rx, ry, rz);
  const outside = (1 + narrow) ** 2;
  const deep = Math.max(0, 1 - narrow) ** 2;
  const point = [0, 0, 0];
  const gradient = [0, 0, 0];
  for (let k = first[2]; k <= last[2]; k++) {
    const z = k * sz - oz;
    for (let j = first[1]; j <= last[1]; j++) {
      const y = j * sy - oy;
      let index = first[0] + size[0] * (j + size[1] * k);
      for (let i = first[0]; i <= last[0]; i++, index++) {
        const x = i * sx - ox;
        let u = r00 * x + r10 * y + r20 * z;
        let v = r01 * x + r11 * y + r21 * z;
        let w = r02 * x + r12 * y + r22 * z;
        if (bends.length > 0) {
          point[0] = u;
          point[1] = v;
          point[2] = w;
          for (const { axis, along, perMm } of bends) point[axis] -= perMm * point[along] * point[along];
          u = point[0];
          v = point[1];
          w = point[2];
        }
        u /= rx;
        v /= ry;
        w /= rz;
        const squared = u * u + v * v + w * w;
        if (squared >= outside) continue;
        if (isTarget && squared < 1) label[index] = 1;
        const ink = field === undefined ? value : value + texture * field[index];
        if (squared <= deep) {
          signal[index] = ink;
          continue;
        }
        u /= rx;
        v /= ry;
        w /= rz;
        if (bends.length > 0) {
          // The gradient follows the bend (chain rule).
          gradient[0] = u;
          gradient[1] = v;
          gradient[2] = w;
          for (const { axis, along, perMm } of bends) gradient[along] -= 2 * perMm * point[along] * gradient[axis];
          u = gradient[0];
          v = gradient[1];
          w = gradient[2];
        }
        const slope = Math.sqrt(u * u + v * v + w * w);
        const distance = Math.sqrt(squared);
        // First-order distance to the surface in mm, negative inside; at the very centre of a thin shape, its radius.
        let depth = slope > 0 ? (distance * (distance - 1)) / slope : -margin;
        if (wobble > 0 && field !== undefined) depth += wobble * field[index];
        // A voxel's width across the surface: its three sides projected on the normal.
        const width =
          Math.abs(r00 * u + r01 * v + r02 * w) * sx +
          Math.abs(r10 * u + r11 * v + r12 * w) * sy +
          Math.abs(r20 * u + r21 * v + r22 * w) * sz;
        const share = Math.min(1, 0.5 - (depth * slope) / Math.max(width, 1e-12));
        if (share > 0) signal[index] += share * (ink - signal[index]);
      }
    }
  }
}

function apply(m: Matrix3, [x, y, z]: Vec3): Vec3 {
  return [m[0] * x + m[1] * y + m[2] * z, m[3] * x + m[4] * y + m[5] * z, m[6] * x + m[7] * y + m[8] * z];
}

function product(a: Matrix3, b: Matrix3): Matrix3 {
  return a.map((_, i) => {
    const [row, column] = [3 * Math.floor(i / 3), i % 3];
    return a[row] * b[column] + a[row + 1] * b[column + 3] + a[row + 2] * b[column + 6];
  });
}

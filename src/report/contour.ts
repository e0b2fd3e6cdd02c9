/**
 * The outline of a 2D mask as an SVG path. It runs through the middles of the pixel edges between inside and outside
 * (marching squares at one half), thus within half a pixel of the mask and free of stairs. By hand, since `d3-contour`
 * breaks a thin slanted structure, whose pixels touch by their corners, into a diamond a pixel.
 */
import { px } from './svg.js';

/**
 * Trace every boundary of a mask, holes included.
 * @param spacing size of a pixel in the path's units, (across, down)
 * @returns path data, empty for an empty mask; use `fill-rule="evenodd"` to fill it
 */
export function contourPath(
  mask: Uint8Array,
  width: number,
  height: number,
  spacing: readonly [number, number] = [1, 1],
): string {
  const inside = (x: number, y: number) => x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x] !== 0;
  // Unit edges by the grid corner where they start, directed so that the inside lies on the right.
  const outgoing = new Map<number, number[]>();
  const corner = (x: number, y: number) => y * (width + 1) + x;
  const add = (from: number, to: number) => {
    const ends = outgoing.get(from);
    if (ends) ends.push(to);
    else outgoing.set(from, [to]);
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!inside(x, y)) continue;
      if (!inside(x, y - 1)) add(corner(x, y), corner(x + 1, y));
      if (!inside(x + 1, y)) add(corner(x + 1, y), corner(x + 1, y + 1));
      if (!inside(x, y + 1)) add(corner(x + 1, y + 1), corner(x, y + 1));
      if (!inside(x - 1, y)) add(corner(x, y + 1), corner(x, y));
    }
  }
  const point = (index: number) => [index % (width + 1), Math.floor(index / (width + 1))];
  let path = '';
  for (const start of outgoing.keys()) {
    // Each corner has as many edges in as out, so a walk ends where it began; a corner may begin two loops.
    while (outgoing.get(start)!.length > 0) {
      const middles: [number, number][] = [];
      let at = start;
      do {
        const next = outgoing.get(at)!.pop()!;
        const [x0, y0] = point(at);
        const [x1, y1] = point(next);
        middles.push([(x0 + x1) / 2, (y0 + y1) / 2]);
        at = next;
      } while (at !== start);
      path += closedPath(middles, spacing);
    }
  }
  return path;
}

/** Points on a straight run between two others are left out. */
function closedPath(points: readonly (readonly [number, number])[], spacing: readonly [number, number]): string {
  const corners = points.filter(([x, y], i) => {
    const [xp, yp] = points[(i + points.length - 1) % points.length];
    const [xn, yn] = points[(i + 1) % points.length];
    return (x - xp) * (yn - y) !== (y - yp) * (xn - x);
  });
  return `M${corners.map(([x, y]) => `${px(x * spacing[0])} ${px(y * spacing[1])}`).join('L')}Z`;
}

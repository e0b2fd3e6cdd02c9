/** Masks of which every structure keeps its largest connected component alone. */
import type { LabelSpace } from '../labels/label-space.js';
import { labelClasses } from '../labels/label-space.js';
import type { Vec3 } from '../math/vector.js';
import { largestComponent } from '../volume/components.js';

/** @param mask class numbers; every class is treated by itself */
export function largestComponents(space: LabelSpace, mask: Uint8Array, size: Vec3): Uint8Array {
  const classes = labelClasses(space);
  if (classes.length === 1) return largestComponent(mask, size);
  const kept = new Uint8Array(mask.length);
  for (const number of classes.map((_, c) => c + 1)) {
    const largest = largestComponent(
      mask.map((value) => (value === number ? 1 : 0)),
      size,
    );
    for (let i = 0; i < kept.length; i++) if (largest[i] === 1) kept[i] = number;
  }
  return kept;
}

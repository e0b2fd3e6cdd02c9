import { describe, expect, it } from 'vitest';
import { comparable, structuresIn, UNKNOWN } from '../../src/labels/reference.js';
import { confusions, structureDices, structureMeasures } from '../../src/metrics/structures.js';
import { regions, threeStructures } from '../support/labels.js';

const reference = Uint8Array.of(0, 1, 1, 2, 2, 3, 0, 0);
const mask = Uint8Array.of(0, 1, 2, 2, 2, 0, 3, 0);

describe('structures of a mask', () => {
  it('each have their Dice; what was not annotated has none, what is unknown counts nowhere', () => {
    expect(structureDices(threeStructures, mask, reference, null)).toEqual([2 / 3, 4 / 5, 0]);
    expect(structureDices(threeStructures, mask, reference, [true, false, true])).toEqual([2 / 3, null, 0]);
    const unknown = Uint8Array.from(reference, (value, i) => (i === 2 || i === 6 ? UNKNOWN : value));
    expect(structureDices(threeStructures, mask, unknown, null)).toEqual([1, 1, 0]);
  });

  it('are not held against a reference that does not show them', () => {
    const hidden = comparable(threeStructures, reference, mask, [true, true, false]);
    expect([...hidden]).toEqual([0, 1, 1, 2, 2, 3, UNKNOWN, 0]);
    expect(comparable(threeStructures, reference, mask, null)).toBe(reference);
    expect(structuresIn(threeStructures, Uint8Array.of(0, 3, UNKNOWN))).toEqual([false, false, true]);
    // A value of nested regions is one of each of them.
    expect(structuresIn(regions, Uint8Array.of(0, 2))).toEqual([true, true, false]);
  });

  it('are measured one by one, volumes in ml', () => {
    const [shell, core, satellite] = structureMeasures(
      threeStructures,
      mask,
      reference,
      [true, true, false],
      [8, 1, 1],
      {
        spacing: [10, 10, 10],
        toleranceMm: 1,
      },
    );
    expect(shell).toMatchObject({ structure: 'shell', annotated: true, referenceMl: 2, predictedMl: 1, hd95Mm: 9.5 });
    expect(core).toMatchObject({ referenceMl: 2, predictedMl: 3 });
    expect(satellite).toEqual({
      ...{ structure: 'satellite', annotated: false, dice: null, hd95Mm: null, assdMm: null, nsd: null },
      ...{ referenceMl: null, predictedMl: 1 },
    });
  });

  it('are taken for others by shares of their own voxels', () => {
    const shares = confusions(threeStructures, mask, reference);
    const of = (a: string, b: string) => shares.find((one) => one.structure === a && one.calledOther === b)?.share;
    expect(of('shell', 'core')).toBe(0.5);
    expect(of('core', 'shell')).toBe(0);
    expect(of('satellite', 'core')).toBe(0);
    expect(confusions(regions, mask, reference)).toEqual([]);
  });
});

/** The columns of accuracy, the same of tasks and of single structures. */
import type { StructureSummary } from '../evaluation/summarise-structures.js';
import { type Column, figure, type Html } from './html.js';

/** @param tolerance of the normalised surface Dice in mm; null where it was not stated */
export function measureColumns(tolerance: number | null): Column[] {
  return [
    { title: 'Dice', kind: 'number', explanation: 'Dice coefficient' },
    { title: 'HD95, mm', kind: 'number', explanation: '95th percentile Hausdorff distance' },
    { title: 'ASSD, mm', kind: 'number', explanation: 'Average symmetric surface distance' },
    {
      title: tolerance === null ? 'NSD' : `NSD at ${tolerance} mm`,
      kind: 'number',
      explanation: 'Normalised surface Dice: share of the surface within the tolerance',
    },
    { title: 'Volume error, ml', kind: 'number', explanation: 'Predicted minus reference volume' },
  ];
}

/** What stands in them. */
export function measureCells(figures: Omit<StructureSummary, 'notAnnotated'>, n: number): Html[] {
  const { dice, hd95Mm, assdMm, nsd, volumeErrorMl } = figures;
  return [
    figure(dice, 3, n),
    figure(hd95Mm, 1, n),
    figure(assdMm, 2, n),
    figure(nsd, 3, n),
    figure(volumeErrorMl, 1, n),
  ];
}

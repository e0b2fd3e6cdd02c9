/**
 * A reliability diagram: of the voxels that were given probability p, what share was foreground? Before and after
 * temperature scaling, with the number of voxels of each bin beneath, without which the upper part misleads.
 */
import { type ReliabilityBins } from '../calibration/reliability.js';
import { number } from './html.js';
import { element, figureSvg, label, linearScale, px } from './svg.js';

const size = 196;
const left = 36;
const top = 24;
const countHeight = 44;
const gap = 12;

/** Draw the diagram of one task as an inline SVG. `title` is plain text. */
export function renderReliabilityDiagram(before: ReliabilityBins, after: ReliabilityBins, title: string): string {
  const x = linearScale([0, 1], [left, left + size], 2);
  const y = linearScale([0, 1], [top + size, top], 2);
  const countTop = top + size + gap;
  const countBottom = countTop + countHeight;
  const parts = [label(title, left, 14, 'start', 'section-title')];
  for (const tick of [0, 0.5, 1]) {
    parts.push(element('line', { class: 'grid', x1: x(tick), x2: x(tick), y1: top, y2: top + size }));
    parts.push(element('line', { class: 'grid', x1: left, x2: left + size, y1: y(tick), y2: y(tick) }));
    parts.push(label(String(tick), left - 6, y(tick) + 4, 'end'));
    parts.push(label(String(tick), x(tick), countBottom + 15));
  }
  parts.push(element('line', { class: 'diagonal', x1: x(0), y1: y(0), x2: x(1), y2: y(1) }));
  parts.push(curve(before, 'before', x, y), curve(after, 'after', x, y));
  parts.push(countBars(before, after, x, countTop, countBottom));
  parts.push(label('predicted probability', left + size / 2, countBottom + 31, 'middle', 'axis-title'));
  const description =
    `Reliability diagram, ${title}: observed share of foreground against predicted probability. After scaling: ` +
    points(after)
      .map((p) => `${number(p.observed, 2)} at ${number(p.predicted, 2)}`)
      .join(', ');
  return figureSvg(left + size + 8, countBottom + 38, description, parts.join(''));
}

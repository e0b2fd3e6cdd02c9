/**
 * A reliability diagram: of the voxels that were given probability p, what share was foreground? Before and after
 * temperature scaling, with the number of voxels of each bin beneath, without which the upper part misleads.
 */
import { type BinSums, errorsOfBins } from '../calibration/reliability.js';
import { type Html, number, plural, renderTable } from './html.js';
import { element, figureSvg, label, linearScale, px, type Scale } from './svg.js';

const size = 170;
const left = 36;
const top = 24;
const countHeight = 44;
const gap = 12;

/** Draw the diagram of one task as an inline SVG. */
export function renderReliabilityDiagram(before: BinSums, after: BinSums, title: string): Html {
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
  parts.push(...curve(before, 'before', x, y), ...curve(after, 'after', x, y));
  parts.push(...countBars(before, after, x, countTop, countBottom));
  parts.push(label('predicted probability', left + size / 2, countBottom + 31, 'middle', 'axis-title'));
  const description =
    `Reliability diagram, ${title}: observed share of foreground against predicted probability. After scaling: ` +
    points(after)
      .map((p) => `${number(p.observed, 2)} at ${number(p.predicted, 2)}`)
      .join(', ');
  return figureSvg(left + size + 8, countBottom + 38, description, parts);
}

/** The same in numbers, a row for each bin. */
export function renderBinTable(before: BinSums, after: BinSums, title: string): Html {
  const [a, b] = [errorsOfBins(before).bins, errorsOfBins(after).bins];
  const edge = (i: number) => number(i / a.length, 2);
  return renderTable({
    className: 'dense',
    caption: `${title}: voxels around the organ by predicted probability.`,
    columns: [
      { title: 'Bin', kind: 'text' },
      ...['before', 'after'].flatMap((when) => [
        { title: `Voxels, ${when}`, kind: 'number' as const },
        { title: 'Predicted', kind: 'number' as const, explanation: `Mean probability ${when} scaling` },
        { title: 'Observed', kind: 'number' as const, explanation: `Share of foreground ${when} scaling` },
      ]),
    ],
    rows: a.map((_, i) => [
      `${edge(i)} to ${edge(i + 1)}`,
      ...[a[i], b[i]].flatMap((bin) => [
        bin.count.toLocaleString('en'),
        number(bin.meanProbability, 3),
        number(bin.foregroundShare, 3),
      ]),
    ]),
  });
}

interface Point {
  readonly predicted: number;
  readonly observed: number;
  readonly count: number;
}

/** The bins that hold voxels. */
function points(bins: BinSums): Point[] {
  return errorsOfBins(bins)
    .bins.filter((bin) => bin.count > 0)
    .map((bin) => ({ predicted: bin.meanProbability!, observed: bin.foregroundShare!, count: bin.count }));
}

function curve(bins: BinSums, className: string, x: Scale, y: Scale): Html[] {
  const marks = points(bins).map((p) => ({ ...p, cx: x(p.predicted), cy: y(p.observed) }));
  const line = element('path', {
    class: `curve ${className}`,
    d: marks.map(({ cx, cy }, i) => `${i === 0 ? 'M' : 'L'}${px(cx)} ${px(cy)}`).join(''),
  });
  const dots = marks.map(({ cx, cy, predicted, observed, count }) => {
    const text = `${className} scaling: predicted ${number(predicted, 3)}, observed ${number(observed, 3)}, ${plural(count, 'voxel')}`;
    return element('circle', { class: `bin ${className}`, cx, cy, r: 3.2 }, element('title', {}, text));
  });
  return marks.length > 0 ? [line, ...dots] : [];
}

/** Voxels per bin on a logarithmic axis, since the outermost bins hold nearly all. */
function countBars(before: BinSums, after: BinSums, x: Scale, top: number, bottom: number): Html[] {
  const most = Math.max(1, ...before.count, ...after.count);
  const height = (count: number) => (count > 0 ? ((bottom - top) * Math.log10(count + 1)) / Math.log10(most + 1) : 0);
  const bars = (bins: BinSums, className: string) =>
    bins.count.flatMap((count, b) => {
      if (count === 0) return [];
      const from = x(b / bins.count.length) + 1;
      const to = x((b + 1) / bins.count.length) - 1;
      return element('rect', {
        class: `count ${className}`,
        x: from,
        y: bottom - height(count),
        width: to - from,
        height: height(count),
      });
    });
  return [
    ...bars(after, 'after'),
    ...bars(before, 'before'),
    label(shortCount(most), left - 6, top + 8, 'end'),
    label('1', left - 6, bottom, 'end'),
  ];
}

/** 12345 -> "12k". */
function shortCount(n: number): string {
  if (n >= 1e6) return `${Number((n / 1e6).toPrecision(2))}M`;
  return n >= 1e3 ? `${Number((n / 1e3).toPrecision(2))}k` : String(n);
}

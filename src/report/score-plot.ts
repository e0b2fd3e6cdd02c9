/**
 * A strip plot: one row a task or image set, one dot an image, all rows on one axis, so that the eye sees at once
 * whether OOD sets lie apart from the test cases. Infinite values have a column of their own at the right end.
 */
import { quantile } from '../math/statistics.js';
import { type Html, number, shorten } from './html.js';
import { element, figureSvg, label, linearScale, type Scale, symlogScale, tickText } from './svg.js';

export interface ScorePoint {
  readonly name: string;
  readonly value: number;
  /** Marked images are drawn filled, others hollow. */
  readonly marked: boolean;
}

export interface ScoreRow {
  readonly label: string;
  readonly points: readonly ScorePoint[];
  /** Short text at the right end of the row. */
  readonly note?: string;
}

export interface ScorePlotOptions {
  /** Rows under a heading each, from top to bottom. */
  readonly sections: readonly { readonly title: string; readonly rows: readonly ScoreRow[] }[];
  readonly axisTitle: string;
  readonly description: string;
  /** A vertical line with its text. */
  readonly threshold?: { readonly value: number; readonly text: string } | null;
  /** Fixed ends of a linear axis; without them the axis follows the data and is logarithmic far from zero. */
  readonly domain?: readonly [number, number];
}

const width = 896;
const left = 190;
const noteWidth = 120;
const gutter = 44;
const rowHeight = 30;
const sectionHeight = 26;
/** Names on hover cost more than the dots themselves; beyond this many the plot goes without. */
const maximumNamed = 1500;

/** Draw the plot as an inline SVG. */
export function renderScorePlot({ sections, axisTitle, description, threshold, domain }: ScorePlotOptions): Html {
  const points = sections.flatMap((section) => section.rows.flatMap((row) => row.points));
  const finite = points.map((p) => p.value).filter(Number.isFinite);
  const anyInfinite = points.some((p) => p.value === Number.POSITIVE_INFINITY);
  const right = width - noteWidth - (anyInfinite ? gutter : 0);
  const scale = domain
    ? linearScale(domain, [left, right])
    : scoreScale(threshold ? [...finite, threshold.value] : finite, [left + 8, right - 8]);
  const infinityX = right + gutter / 2;
  const axis: Axis = {
    x: (value) => (value === Number.POSITIVE_INFINITY ? infinityX : scale(value)),
    named: points.length <= maximumNamed,
  };

  const top = threshold ? 22 : 4;
  const rowCount = sections.reduce((n, section) => n + section.rows.length, 0);
  const bottom = top + rowCount * rowHeight + sections.length * sectionHeight;
  const parts: Html[] = [];
  for (const tick of scale.ticks) {
    const x = scale(tick);
    parts.push(element('line', { class: 'grid', x1: x, x2: x, y1: top, y2: bottom }));
    parts.push(label(tickText(tick), x, bottom + 16));
  }
  if (anyInfinite) {
    parts.push(element('line', { class: 'grid', x1: infinityX, x2: infinityX, y1: top, y2: bottom }));
    parts.push(label('∞', infinityX, bottom + 16));
  }
  parts.push(label(axisTitle, (left + right) / 2, bottom + 36, 'middle', 'axis-title'));

  let y = top;
  for (const section of sections) {
    parts.push(label(section.title, 0, y + 17, 'start', 'section-title'));
    y += sectionHeight;
    for (const row of section.rows) {
      const middle = y + rowHeight / 2;
      parts.push(element('line', { class: 'rule', x1: 0, x2: width, y1: y + rowHeight, y2: y + rowHeight }));
      parts.push(label(shorten(row.label, 28), 0, middle + 4, 'start', 'row-label'));
      if (row.note) parts.push(label(row.note, width, middle + 4, 'end', 'note'));
      parts.push(...marks(row.points, middle, axis));
      y += rowHeight;
    }
  }
  if (threshold) {
    const x = scale(threshold.value);
    parts.push(element('line', { class: 'threshold', x1: x, x2: x, y1: top, y2: bottom }));
    const atRight = x > (left + right) / 2;
    parts.push(label(threshold.text, x, 13, atRight ? 'end' : 'start', 'threshold-text'));
  }
  return figureSvg(width, bottom + 44, description, parts);
}

interface Axis {
  readonly x: (value: number) => number;
  readonly named: boolean;
}

/** One dot an image, and a short line at the row's median. */
function marks(points: readonly ScorePoint[], middle: number, { x, named }: Axis): Html[] {
  const dots = points.map((point, i) => {
    // Spread by the golden ratio: even, without randomness, and neighbours in the list lie apart.
    const spread = points.length > 1 ? (((i * 0.618034) % 1) - 0.5) * rowHeight * 0.5 : 0;
    const values = { class: point.marked ? 'dot marked' : 'dot', cx: x(point.value), cy: middle + spread, r: 3.1 };
    return named
      ? element('circle', values, element('title', {}, `${point.name}: ${number(point.value, 3)}`))
      : element('circle', values);
  });
  if (points.length < 3) return dots;
  const centre = x(
    quantile(
      points.map((p) => p.value),
      0.5,
    ),
  );
  return [...dots, element('line', { class: 'median', x1: centre, x2: centre, y1: middle - 11, y2: middle + 11 })];
}

/** Linear within the bulk of the scores' spread, logarithmic beyond, where the data span much more than that. */
function scoreScale(finite: readonly number[], range: readonly [number, number]): Scale {
  if (finite.length === 0) return linearScale([0, 1], range);
  const [low, q1, q3, high] = [0, 0.25, 0.75, 1].map((q) => quantile(finite, q));
  const unit = q3 - q1;
  if (!(unit > 0) || high - low < 12 * unit) return linearScale([low, high], range);
  return symlogScale([low, high], range, unit);
}

/** Small helpers for figures written as SVG: scales, ticks and numbers short enough to read in the source. */
import { scaleLinear, scaleSymlog } from 'd3-scale';
import { type Content, type Html, html, raw } from './html.js';

/** Two decimals are finer than any screen or printer shows at these sizes. */
export function px(value: number): string {
  return String(Math.round(value * 100) / 100);
}

export interface Scale {
  /** From data to pixels; infinities are not for scales, they have a place of their own beside them. */
  (value: number): number;
  readonly ticks: readonly number[];
}

/** A linear scale with about `count` ticks at 1, 2 or 5 times a power of ten. */
export function linearScale(domain: readonly [number, number], range: readonly [number, number], count = 5): Scale {
  const scale = scaleLinear(widen(domain), range);
  return Object.assign((value: number) => scale(value), { ticks: scale.ticks(count) });
}

/**
 * A scale that is linear within about `unit` of zero and logarithmic beyond, for scores whose values in distribution lie
 * close together while others may be hundreds of times larger, on either side of zero.
 * Its ticks are made here: d3's symlog scale has those of a linear one, nearly all of which fall on the far end.
 */
export function symlogScale(domain: readonly [number, number], range: readonly [number, number], unit: number): Scale {
  const [low, high] = widen(domain);
  const scale = scaleSymlog([low, high], range).constant(unit);
  const candidates = [0];
  for (let e = Math.floor(Math.log10(unit)) - 1; e <= 12; e++) {
    for (const m of [1, 2, 5]) candidates.push(m * 10 ** e, -m * 10 ** e);
  }
  // Round numbers first (0, then powers of ten, then fives and twos), each kept where it has room.
  const roundness = (v: number) => (v === 0 ? 0 : { 1: 1, 5: 2, 2: 3 }[Math.abs(v).toExponential(0)[0]]!);
  const ticks: number[] = [];
  for (const v of candidates.sort((a, b) => roundness(a) - roundness(b) || Math.abs(b) - Math.abs(a))) {
    if (v >= low && v <= high && ticks.every((t) => Math.abs(scale(t) - scale(v)) >= 40)) ticks.push(v);
  }
  const rounded = ticks.sort((a, b) => a - b).map((t) => Number(t.toPrecision(6)));
  return Object.assign((value: number) => scale(value), { ticks: rounded });
}

function widen([low, high]: readonly [number, number]): [number, number] {
  if (high > low) return [low, high];
  const margin = Math.abs(low) * 0.1 || 1;
  return [low - margin, low + margin];
}

/** One SVG element; attributes that are undefined are left out. */
export function element(name: string, values: Record<string, string | number | undefined>, content?: Content): Html {
  const tag = raw(name);
  const attributes = Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => html` ${raw(key)}="${typeof value === 'number' ? px(value) : value}"`);
  return content === undefined ? html`<${tag}${attributes}/>` : html`<${tag}${attributes}>${content}</${tag}>`;
}

/** Text at a point. */
export function label(
  text: string,
  x: number,
  y: number,
  anchor: 'start' | 'middle' | 'end' = 'middle',
  className?: string,
): Html {
  return element('text', { x, y, 'text-anchor': anchor, class: className }, text);
}

/** A tick's text: short, with a real minus sign. */
export function tickText(value: number): string {
  const text = Math.abs(value) >= 1e5 ? value.toExponential(0).replace('e+', 'e') : String(value);
  return text.replace('-', '−');
}

/** A figure: scales with its column, carries its own description for those who cannot see it. */
export function figureSvg(width: number, height: number, description: string, content: Content): Html {
  return element(
    'svg',
    { viewBox: `0 0 ${px(width)} ${px(height)}`, width, height, role: 'img', 'aria-label': description },
    content,
  );
}

/** Small helpers for figures written as SVG by hand: scales, ticks and numbers short enough to read in the source. */
import { escapeHtml } from './html.js';

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
  const [low, high] = widen(domain);
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999) ?? 10 * power;
  const ticks: number[] = [];
  // Multiples counted in integers, so that 0.1 + 0.2 never labels an axis.
  for (let i = Math.ceil(low / step - 1e-9); i <= Math.floor(high / step + 1e-9); i++) {
    ticks.push(Number((i * step).toPrecision(12)));
  }
  const map = (value: number) => range[0] + ((value - low) / (high - low)) * (range[1] - range[0]);
  return Object.assign(map, { ticks });
}

/**
 * A scale that is linear within about `unit` of zero and logarithmic beyond (asinh), for scores whose familiar values
 * lie close together while strange ones may be hundreds of times larger, on either side of zero.
 */
export function symlogScale(domain: readonly [number, number], range: readonly [number, number], unit: number): Scale {
  const [low, high] = widen(domain);
  const bend = (value: number) => Math.asinh(value / unit);
  const map = (value: number) =>
    range[0] + ((bend(value) - bend(low)) / (bend(high) - bend(low))) * (range[1] - range[0]);
  const candidates = [0];
  for (let e = Math.floor(Math.log10(unit)) - 1; e <= 12; e++) {
    for (const m of [1, 2, 5]) candidates.push(m * 10 ** e, -m * 10 ** e);
  }
  // Round numbers first (0, then powers of ten, then fives and twos), each kept where it has room.
  const roundness = (v: number) => (v === 0 ? 0 : { 1: 1, 5: 2, 2: 3 }[Math.abs(v).toExponential(0)[0]]!);
  const ticks: number[] = [];
  for (const v of candidates.sort((a, b) => roundness(a) - roundness(b) || Math.abs(b) - Math.abs(a))) {
    if (v >= low && v <= high && ticks.every((t) => Math.abs(map(t) - map(v)) >= 40)) ticks.push(v);
  }
  return Object.assign(map, { ticks: ticks.sort((a, b) => a - b).map((t) => Number(t.toPrecision(6))) });
}

function widen([low, high]: readonly [number, number]): [number, number] {
  if (high > low) return [low, high];
  const margin = Math.abs(low) * 0.1 || 1;
  return [low - margin, low + margin];
}

/** Attributes of an element, escaped; undefined ones left out. */
export function attributes(values: Record<string, string | number | undefined>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${typeof value === 'number' ? px(value) : escapeHtml(value!)}"`)
    .join('');
}

/** One SVG element; `content` is SVG already. */
export function element(name: string, values: Record<string, string | number | undefined>, content?: string): string {
  const open = `<${name}${attributes(values)}`;
  return content === undefined ? `${open}/>` : `${open}>${content}</${name}>`;
}

/** Text at a point; plain text is escaped. */
export function label(
  text: string,
  x: number,
  y: number,
  anchor: 'start' | 'middle' | 'end' = 'middle',
  className?: string,
): string {
  return element('text', { x, y, 'text-anchor': anchor, class: className }, escapeHtml(text));
}

/** A tick's text: short, with a real minus sign. */
export function tickText(value: number): string {
  const text = Math.abs(value) >= 1e5 ? value.toExponential(0).replace('e+', 'e') : String(value);
  return text.replace('-', '−');
}

/** A figure: scales with its column, carries its own description for those who cannot see it. */
export function figureSvg(width: number, height: number, description: string, content: string): string {
  return element(
    'svg',
    { viewBox: `0 0 ${px(width)} ${px(height)}`, width, height, role: 'img', 'aria-label': description },
    content,
  );
}

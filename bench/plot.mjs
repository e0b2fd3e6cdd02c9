/** Small line plots as SVG: panels with linear or logarithmic axes. */
const [WIDTH, HEIGHT] = [420, 300];
const AREA = { left: 64, right: 404, top: 34, bottom: 250 };
const COLOURS = ['#2563eb', '#d97706', '#059669', '#7c3aed'];

const escapeText = (text) => String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const px = (value) => Math.round(10 * value) / 10;

function axis(values, [from, to], logarithmic, least = 1) {
  const bend = logarithmic ? Math.log10 : (value) => value;
  const finite = values.filter((value) => Number.isFinite(bend(value)));
  let [low, high] = [Math.min(...finite), Math.max(...finite)];
  if (!(high > low)) [low, high] = logarithmic ? [low / 2, low * 2] : [low - 1, low + 1];
  if (logarithmic && high < least * low) {
    const middle = Math.sqrt(low * high);
    [low, high] = [middle / Math.sqrt(least), middle * Math.sqrt(least)];
  }
  const at = (value) => px(from + ((bend(value) - bend(low)) / (bend(high) - bend(low))) * (to - from));
  return { at, ticks: logarithmic ? powers(low, high) : roundValues(low, high) };
}

/** Multiples of 1, 2 or 5 times a power of ten, five at most. */
function roundValues(low, high) {
  const least = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= least);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}

/** Powers of ten; where there are fewer than two, twice and five times these as well. */
function powers(low, high) {
  const inside = (factors) => {
    const all = [];
    for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++)
      all.push(...factors.map((factor) => factor * 10 ** e));
    return all.filter((value) => value >= low && value <= high);
  };
  const tens = inside([1]);
  return tens.length >= 2 ? tens : inside([1, 2, 5]);
}

function tickText(value) {
  const short = Number(value.toPrecision(3));
  return short >= 1e4 || (short < 1e-3 && short !== 0) ? short.toExponential() : String(short);
}

/** Inner SVG of a panel. @param series `{ name, points: [[x, y]], line? }`, `line` points drawn without dots, dashed */
export function panel({ title, x, y, series, logarithmic = false }) {
  const points = series.flatMap(({ points: own, line = [] }) => [...own, ...line]);
  if (points.length === 0) return '';
  const across = axis(
    points.map(([value]) => value),
    [AREA.left, AREA.right],
    logarithmic,
  );
  const up = axis(
    points.map(([, value]) => value),
    [AREA.bottom, AREA.top],
    logarithmic,
    // Less than a decade would make mountains of noise.
    10,
  );
  const path = (list) => list.map(([a, b], i) => `${i ? 'L' : 'M'}${across.at(a)} ${up.at(b)}`).join('');
  const text = (at, content, more = '') => `<text x="${at[0]}" y="${at[1]}" ${more}>${escapeText(content)}</text>`;
  const parts = [text([AREA.left, 18], title, 'font-weight="600"')];
  for (const tick of across.ticks) {
    parts.push(`<path d="M${across.at(tick)} ${AREA.top}V${AREA.bottom}" stroke="#ccc"/>`);
    parts.push(text([across.at(tick), AREA.bottom + 14], tickText(tick), 'text-anchor="middle"'));
  }
  for (const tick of up.ticks) {
    parts.push(`<path d="M${AREA.left} ${up.at(tick)}H${AREA.right}" stroke="#ccc"/>`);
    parts.push(text([AREA.left - 6, up.at(tick) + 4], tickText(tick), 'text-anchor="end"'));
  }
  parts.push(text([(AREA.left + AREA.right) / 2, AREA.bottom + 30], x, 'text-anchor="middle"'));
  parts.push(text([AREA.left, AREA.top - 4], y));
  series.forEach(({ name, points: list, line = [] }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    parts.push(`<path d="${path(list)}" fill="none" stroke="${colour}" stroke-width="1.5"/>`);
    if (line.length > 0) parts.push(`<path d="${path(line)}" fill="none" stroke="${colour}" stroke-dasharray="4 3"/>`);
    for (const [a, b] of list) parts.push(`<circle cx="${across.at(a)}" cy="${up.at(b)}" r="2.5" fill="${colour}"/>`);
    // What is measured here rises to the right: below the curves there is room.
    const place = [AREA.right - 8, AREA.bottom - 8 - 14 * (series.length - 1 - i)];
    parts.push(text(place, name, `fill="${colour}" text-anchor="end"`));
  });
  return parts.join('\n');
}

/** A whole SVG of panels, two a row. */
export function panels(list) {
  const rows = Math.ceil(list.length / 2);
  const width = list.length > 1 ? 2 * WIDTH : WIDTH;
  const content = list.map(
    (one, i) => `<g transform="translate(${(i % 2) * WIDTH} ${Math.floor(i / 2) * HEIGHT})">${panel(one)}</g>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${rows * HEIGHT}" width="${width}" height="${rows * HEIGHT}" font-family="system-ui, sans-serif" font-size="11" fill="#444">
<rect width="100%" height="100%" fill="#fff"/>
${content.join('\n')}
</svg>
`;
}

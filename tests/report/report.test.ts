import { describe, expect, it } from 'vitest';
import { summarise } from '../../src/evaluation/summarise.js';
import { detectorName } from '../../src/report/detector-names.js';
import { figure, number } from '../../src/report/html.js';
import { renderReport } from '../../src/report/report.js';
import { syntheticCase, syntheticUnlabelled, syntheticVerdict } from '../evaluation/synthetic.js';

const evil = `<script>alert("1")</script> & 'x'`;
const side = 24;
const picture = {
  width: side,
  height: side,
  spacing: [1, 1] as const,
  image: Uint8Array.from({ length: side * side }, (_, i) => i % 251),
  reference: Uint8Array.from({ length: side * side }, (_, i) => (i % side > 5 && i % side < 12 ? 1 : 0)),
  prediction: Uint8Array.from({ length: side * side }, (_, i) => (i % side > 6 && i % side < 14 ? 1 : 0)),
};

function render(names: { task: string; set: string }, pictures = true) {
  const cases = ['liver', names.task].flatMap((task) =>
    [0.9, 0.3, 0.8, 0.7].map((dice, i) =>
      syntheticCase({
        task,
        case: `${names.task} ${task} ${i}`,
        group: `g${i}`,
        dice,
        hd95Mm: dice < 0.5 ? null : 4,
        verdict: syntheticVerdict(dice < 0.5 ? 0.01 : 0.5),
        scores: { 'soft-maximum': 1 - dice, entropy: dice },
        ...(pictures && { picture }),
      }),
    ),
  );
  const unlabelled = [
    syntheticUnlabelled({
      set: names.set,
      case: names.task,
      scores: { 'soft-maximum': Number.POSITIVE_INFINITY, entropy: 1 },
    }),
    syntheticUnlabelled({ set: names.set, case: 'two' }),
  ];
  const model = { name: `${names.task} model`, sha256: 'f00d'.repeat(16), about: names.task };
  const summary = summarise(
    { model, cases, unlabelled, notes: [names.task] },
    { resamples: 50, calibrationDice: { liver: 0.8 }, nsdToleranceMm: 2 },
  );
  return { html: renderReport({ summary, cases, unlabelled, model, created: '2026-11-23' }), summary, cases };
}

describe('report.html', () => {
  const { html, summary } = render({ task: 'heart', set: 'brain' });

  it('asks no other host for anything and runs no script', () => {
    for (const page of [html, render({ task: evil, set: evil }).html]) {
      expect(page).not.toMatch(/https?:|\bsrc\s*=|url\(|@import|<link|<script|javascript:|<iframe/i);
      for (const [, target] of page.matchAll(/href="([^"]{0,22})/g)) expect(target).toBe('data:image/png;base64,');
    }
  });

  it('escapes every name', () => {
    const page = render({ task: evil, set: evil }).html;
    expect(page).not.toContain('<script>');
    expect(page).not.toContain('alert("1")');
    expect(page.split('&lt;script&gt;').length).toBeGreaterThan(20);
  });

  it('is well formed: every element that is opened is closed in order', () => {
    const open: string[] = [];
    for (const [, end, tag, selfClosed] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*?(\/?)>/gi)) {
      if (selfClosed || ['meta'].includes(tag)) continue;
      if (end) expect(open.pop()).toBe(tag);
      else open.push(tag);
    }
    expect(open).toEqual([]);
  });

  it('gives n and interval with every mean', () => {
    expect(figure({ mean: 0.5, low: 0.4, high: 0.6, n: 7 }, 2)).toContain('0.40 to 0.60, n = 7');
    expect(figure({ mean: 0.5, low: null, high: null, n: 1 }, 2)).toContain('n = 1');
    let means = 0;
    for (const [table] of html.matchAll(/<table[\s\S]*?<\/table>/g)) {
      const count = table.split('class="mean"').length - 1;
      if (count === 0) continue;
      means += count;
      expect(table).toMatch(/<th scope="col" class="number">(<abbr[^>]*>)?n</);
      expect(table.match(/<span class="mean">[^<]*<\/span><span class="range">[^<]+<\/span>/g)).toHaveLength(count);
    }
    expect(means).toBeGreaterThan(60);
    // Heart's distances are known of 3 of 4 cases: the n differs from the row's and is said.
    expect(html).toContain('4.0 to 4.0, n = 3');
  });

  it('shows the figures of the summary, all detectors, and both alphas', () => {
    expect(html).toContain(`<span class="mean">${number(summary.tasks.heart.dice.mean, 3)}</span>`);
    for (const detector of ['soft-maximum', 'entropy']) expect(html).toContain(detectorName(detector));
    const [first] = summary.ood.falseAlarms;
    expect(html).toContain(`<td class="number">${first.expectedRange![0]} to ${first.expectedRange![1]}</td>`);
    expect(html).toContain('2 false alarms at alpha 0.05');
    expect(html).toMatch(/5 equal-width bins/);
  });

  it('lists cases worst first, and what was left out', () => {
    const table = /<table class="dense"><caption>Test cases[\s\S]*?<\/table>/.exec(html)![0];
    const dice = [...table.matchAll(/<\/td><td class="number">([\d.]+)<\/td>/g)].map((m) => Number(m[1]));
    expect(table.match(/<tr>/g)).toHaveLength(1 + 8);
    expect(dice[0]).toBe(0.3);
    expect(html.indexOf('heart liver 1')).toBeGreaterThan(0);
    for (const note of summary.notes) expect(html).toContain(note);
    expect(html.match(/Not a medical device/g)!.length).toBeGreaterThanOrEqual(2);
  });

  it('pictures the worst, median and best case of each task, and describes each figure', () => {
    expect(html.match(/<b>Worst: Dice 0.30<\/b>/g)).toHaveLength(2);
    expect(html.match(/<b>Median: Dice 0.80<\/b>/g)).toHaveLength(2);
    expect(html.match(/<b>Best: Dice 0.90<\/b>/g)).toHaveLength(2);
    for (const [svg] of html.matchAll(/<svg[^>]*>/g)) expect(svg).toMatch(/role="img" aria-label="[^"]+"/);
    expect(render({ task: 'heart', set: 'brain' }, false).html).not.toContain('<h2>Pictures');
  });

  it('stays below 5 MB with many cases and large pictures', () => {
    const noise = Uint8Array.from({ length: 256 * 256 }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 11) & 255);
    const mask = noise.map((v) => (v > 60 ? 1 : 0));
    const large = {
      width: 256,
      height: 256,
      spacing: [1, 1] as const,
      image: noise,
      reference: mask,
      prediction: mask,
    };
    const cases = Array.from({ length: 4000 }, (_, i) =>
      syntheticCase({
        task: `task ${i % 12}`,
        case: `case ${i}`,
        dice: (i % 97) / 97,
        picture: { ...large, probability: noise },
      }),
    );
    const page = renderReport({ summary, cases, unlabelled: [], model: { name: 'm', sha256: 'ab' } });
    expect(page.length).toBeLessThan(5_000_000);
    expect(page).toContain('left out to keep this file small');
    // Pure noise hardly compresses: not even all the worst fit, and nothing else takes their place.
    expect(page.match(/<b>Worst: /g)!.length).toBeGreaterThan(5);
    expect(page).not.toMatch(/<b>(Median|Best): /);
    expect(page).toContain('The first 2000 of 4000');
  });

  it('says plainly that detection was not tested, and reports nothing without failing', () => {
    const model = { name: 'm', sha256: 'ab' };
    const empty = renderReport({ summary: summarise({ model, cases: [] }), cases: [], unlabelled: [], model });
    expect(empty).toContain('no set of unfamiliar images was given');
    expect(empty).not.toMatch(/NaN|undefined|\bnull\b/);
    expect(html).not.toMatch(/NaN|>undefined|>null/);
  });
});

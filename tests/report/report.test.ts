import { describe, expect, it } from 'vitest';
import { summarise } from '../../src/evaluation/summarise.js';
import { detectorName } from '../../src/report/detector-names.js';
import { figure, number } from '../../src/report/html.js';
import type { ReportProvenance } from '../../src/report/provenance-section.js';
import { renderReport } from '../../src/report/report.js';
import { syntheticCase, syntheticOod, syntheticVerdict } from '../evaluation/synthetic.js';

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

const model = { name: 'm', sha256: 'f00d'.repeat(16) };
const of = 'contents/1';

function provenanceOf(name: string): ReportProvenance {
  const training = {
    version: '0.0.9',
    engine: name,
    created: '2026-11-01T10:00:00.000Z',
    seed: 7,
    steps: 1234,
    trainingSeconds: 600,
    settings: { preset: name, minutes: null },
    datasets: [
      { name: 'liver', sha256: 'aa11', of },
      { name, sha256: 'bb22', of },
    ],
    init: null,
  };
  const data = [
    { name: 'liver', images: 4, sha256: 'aa11', of, split: 'seeded' as const },
    { name, images: 4, sha256: 'cc33', of, split: 'dataset.json' as const },
    { name: 'others', images: 2, sha256: 'dd44', of, split: null },
  ];
  return { version: '0.1.0', engine: name, training, data };
}

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
  const oodImages = [
    syntheticOod({
      set: names.set,
      case: names.task,
      scores: { 'soft-maximum': Number.POSITIVE_INFINITY, entropy: 1 },
    }),
    syntheticOod({ set: names.set, case: 'two' }),
    ...['three', 'four'].map((name) =>
      syntheticOod({ set: names.set, case: name, verdict: null, scores: {}, error: failure(names.set) }),
    ),
  ];
  const failed = [{ task: 'liver', case: `${names.task} lost`, error: failure(names.task) }];
  const summary = summarise(
    { model, cases, oodImages, failed, placeholderSpacing: [names.task], notes: [names.task] },
    { resamples: 50, calibrationDice: { liver: 0.8 }, nsdToleranceMm: 2 },
  );
  const html = renderReport({
    ...{ summary, cases, oodImages, failed, created: '2026-11-23' },
    model: { ...model, name: `${names.task} model`, about: names.task },
    provenance: provenanceOf(names.task),
  });
  return { html, summary, cases };
}

function failure(message: string) {
  return { tag: 'ImageFormatError', message: `/data/x.nii: ${message} is truncated` };
}

describe('report.html', () => {
  const { html, summary } = render({ task: 'heart', set: 'brain' });

  it('asks no other host for anything and runs no script', () => {
    for (const page of [html, render({ task: evil, set: evil }).html]) {
      expect(page).not.toMatch(/https?:|\bsrc\s*=|url\(|@import|<link|<script|javascript:|<iframe/i);
      for (const [, target] of page.matchAll(/href="([^"]{0,22})/g)) {
        if (!target.startsWith('#')) expect(target).toBe('data:image/png;base64,');
      }
      // And where a browser is tricked all the same, it is forbidden, before anything else is parsed.
      const policy = /<meta http-equiv="Content-Security-Policy" content="([^"]+)">/.exec(page)!;
      expect(policy[1]).toContain("default-src 'none'; img-src data:");
      expect(policy[1]).not.toMatch(/script-src|unsafe-eval|\*/);
      expect(policy.index).toBeLessThan(page.indexOf('<style>'));
      expect(page).not.toMatch(/ on[a-z]+=|<form|<object|<embed/i);
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

  it('can be read without eyes or mouse: language, headings in order, links that lead somewhere, scoped headers', () => {
    expect(html).toContain('<html lang="en">');
    const levels = [...html.matchAll(/<h([1-6])/g)].map((m) => Number(m[1]));
    expect(levels[0]).toBe(1);
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    levels.slice(1).forEach((level, i) => {
      expect(level - levels[i]).toBeLessThanOrEqual(1);
    });
    const links = [...html.matchAll(/<a href="#([^"]+)"/g)].map((m) => m[1]);
    expect(links).toEqual([...html.matchAll(/<h2 id="([^"]+)"/g)].map((m) => m[1]));
    expect(links[0]).toBe('cases');
    for (const [table] of html.matchAll(/<table[\s\S]*?<\/table>/g)) {
      expect(table).toMatch(/<caption>[^<]+<\/caption>/);
      expect(table).not.toMatch(/<th(?! scope="(col|row)")[ >]/);
    }
    for (const [region] of html.matchAll(/<div class="scroll"[^>]*>/g)) {
      expect(region).toMatch(/role="region" tabindex="0" aria-label="[^"]+"/);
    }
  });

  it('prints on white paper without cutting rows or pictures', () => {
    const print = /@media print \{([\s\S]*)\n\}\n/.exec(html)![1];
    expect(print).toContain('--paper: #ffffff');
    expect(print).toMatch(/tr, figure[^{]*\{ break-inside: avoid; \}/);
    expect(print).toContain('thead { display: table-header-group; }');
  });

  it('explains every measure beside its numbers', () => {
    for (const term of [
      'Dice',
      'HD95 and ASSD',
      'NSD',
      'ECE',
      'NLL and Brier',
      'AUROC and AUPR',
      'Expected range',
      'Excess AURC',
    ]) {
      expect(html).toContain(`<dt>${term}</dt>`);
    }
    const section = (id: string) => html.slice(html.indexOf(`<h2 id="${id}"`)).split('<h2 ', 2)[1];
    expect(section('calibration')).toContain('<dt>ECE</dt>');
    expect(section('ood')).toContain('<dt>Alpha and p-value</dt>');
  });

  it('says where figures come from, and when data have changed since training', () => {
    const part = html.slice(html.indexOf('<h2 id="provenance"'));
    for (const text of [
      model.sha256,
      '1234 steps in 10.0 min',
      'Candor 0.0.9',
      'Candor 0.1.0',
      'random weights',
      'aa11',
      'dd44',
    ])
      expect(part).toContain(text);
    expect(part).toContain('preset = heart, minutes = none');
    expect(part).toContain('50 resamples of groups, seed 0');
    expect(part.match(/the same files/g)).toHaveLength(1);
    expect(part).toMatch(/changed since<\/span>: <code class="hash">bb22/);
  });

  it('marks figures that rest on a placeholder spacing', () => {
    // HD95, ASSD, NSD and volume error of one task of two.
    expect(html.match(/<span class="range flag">placeholder spacing<\/span>/g)).toHaveLength(4);
    expect(html).toContain('HD95 4.0 mm (placeholder)');
    expect(summary.notes.join()).toMatch(/heart: its data set says that the voxel spacing is a placeholder/);
  });

  it('gives n and interval with every mean', () => {
    expect(String(figure({ mean: 0.5, low: 0.4, high: 0.6, n: 7 }, 2))).toContain('0.40 to 0.60, n = 7');
    expect(String(figure({ mean: 0.5, low: null, high: null, n: 1 }, 2))).toContain('n = 1');
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
    expect(table.match(/<tr>/g)).toHaveLength(1 + 1 + 8);
    expect(table.indexOf('heart lost')).toBeLessThan(table.indexOf('heart liver 1'));
    expect(dice[0]).toBe(0.3);
    expect(html.indexOf('heart liver 1')).toBeGreaterThan(0);
    for (const note of summary.notes) expect(html).toContain(note);
    expect(html.match(/Not a medical device/g)!.length).toBeGreaterThanOrEqual(2);
  });

  it('pictures every case of each task, the failed and the worst first, and describes each picture', () => {
    for (const task of ['liver', 'heart']) {
      const cards = html.split(`<h3>${task}</h3>`)[1].split(/<h3>|<table/)[0];
      const titles = [...cards.matchAll(/<figcaption><b[^>]*>([^<]+)<\/b>/g)].map((m) => m[1]);
      const dice = ['Dice 0.30', 'Dice 0.70', 'Dice 0.80', 'Dice 0.90'];
      expect(titles).toEqual(task === 'liver' ? ['Failed', ...dice] : dice);
    }
    expect(html).toContain('<p class="no-picture">Not evaluated</p>');
    expect(html).toContain('heart lost<span class="range">/data/x.nii: heart is truncated</span>');
    expect(html.match(/<svg class="slice"/g)).toHaveLength(8);
    for (const [svg] of html.matchAll(/<svg[^>]*>/g)) expect(svg).toMatch(/role="img" aria-label="[^"]+"/);
    expect(render({ task: 'heart', set: 'brain' }, false).html).toContain('No picture was kept');
  });

  const noise = Uint8Array.from({ length: 256 * 256 }, (_, i) =>
    Math.floor((Math.abs(Math.sin(i * 12.9898) * 43758.5453) % 1) * 256),
  );
  const disc = (radius: number) => noise.map((_, i) => (Math.hypot((i % 256) - 128, (i >> 8) - 128) < radius ? 1 : 0));
  const large = {
    width: 256,
    height: 256,
    spacing: [1, 1] as const,
    image: noise,
    reference: disc(80),
    prediction: disc(90),
    probability: noise,
  };
  const many = (n: number) =>
    Array.from({ length: n }, (_, i) =>
      syntheticCase({ task: `task ${i % 12}`, case: `case ${i}`, dice: (i % 97) / 97, picture: large }),
    );
  const bytes = (page: string) => Buffer.byteLength(page);

  it('pictures 200 cases in less than 5 MB, though their pixels hardly compress', () => {
    const cases = many(200);
    const page = renderReport({
      ...{ summary: summarise({ model, cases }, { resamples: 10 }), cases, oodImages: [], failed: [], model },
      provenance: provenanceOf('m'),
    });
    expect(bytes(page)).toBeLessThan(5_000_000);
    expect(page.match(/<path class="prediction"/g)).toHaveLength(200);
    expect(page).not.toContain('Pictures left out');
  });

  it('stays below 5 MB with thousands of cases and failures, and says how many pictures are missing and why', () => {
    const cases = many(4000);
    const message = 'no such file '.repeat(100);
    const failed = Array.from({ length: 1000 }, (_, i) => ({
      ...{ task: 'task 3', case: `lost ${i}` },
      error: { tag: 'ImageFormatError', message },
    }));
    const page = renderReport({
      ...{ summary: summarise({ model, cases, failed }, { resamples: 2 }), cases, failed, oodImages: [], model },
      provenance: provenanceOf('m'),
    });
    expect(bytes(page)).toBeLessThan(5_000_000);
    expect(page).toMatch(/below 5 MB: 4,760 cases with better figures, since only the worst 240/);
    expect(page).toContain('The first 2000 of 5000');
    expect(page).toMatch(/more notes, all in summary.json/);
    // Every task has its worst shown, the one with failures too.
    for (let i = 0; i < 12; i++) expect(page).toContain(`<h3>task ${i}</h3>`);
  });

  it('counts a picture that cannot be made small enough', () => {
    const crumbs = noise.map((value) => (value > 127 ? 1 : 0));
    const cases = many(60).map((c, i) => (i < 3 ? { ...c, picture: { ...large, reference: crumbs } } : c));
    const page = renderReport({
      ...{ summary: summarise({ model, cases }, { resamples: 2 }), cases, failed: [], oodImages: [], model },
      provenance: provenanceOf('m'),
    });
    expect(page).toContain('3 cases whose picture is too large for its share of this file');
    expect(page.match(/<path class="prediction"/g)).toHaveLength(57);
  });

  it('says plainly that detection was not tested, and reports nothing without failing', () => {
    const empty = renderReport({
      ...{ summary: summarise({ model, cases: [] }), cases: [], oodImages: [], failed: [], model },
      provenance: provenanceOf('m'),
    });
    expect(empty).toContain('no OOD set was given');
    expect(empty).not.toMatch(/NaN|>undefined|\bnull\b/);
    expect(html).not.toMatch(/NaN|>undefined|>null/);
  });
});

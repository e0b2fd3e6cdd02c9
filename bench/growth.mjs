/**
 * How time and memory grow: prediction with voxels; the training step with patch, channels and batch; judging with the
 * size of the bank and the number of tasks. Each point runs in a process of its own and is kept as it is done: begun
 * again after an interruption, the bench goes on where it was.
 */
import { appendFile, mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProcess } from './cli.mjs';
import { waitForIdle } from './machine.mjs';
import { THREADS } from './network.mjs';
import { panels } from './plot.mjs';
import { formatBytes, formatSeconds, publish } from './results.mjs';

const POINT = fileURLToPath(new URL('peers/point.mjs', import.meta.url));
const RESULTS = fileURLToPath(new URL('results/', import.meta.url));
/** Above this exponent growth counts as worse than linear; fixed costs and caches bend the ends of a curve. */
const LINEAR = 1.1;
/** Points until a fit means something: the smallest ones are fixed costs, and are left out of it. */
const FITTED = 4;

const cube = (side) => [side, side, side];
const count = (size) => size.reduce((a, b) => a * b, 1);
const step = (options) => ({ kind: 'step', channels: [16, 32, 64, 128], batch: 2, side: 48, repeats: 3, ...options });
const ood = (options) => ({ kind: 'ood', bank: 60, tasks: 4, calibration: 40, ...options });

const curves = [
  {
    name: 'prediction against voxels',
    x: 'voxels',
    points: [cube(48), cube(64), cube(96), cube(128), cube(192), cube(256), [384, 384, 256], [512, 512, 400]].map(
      (size) => ({
        x: count(size),
        label: size.join(' x '),
        request: { kind: 'predict', size },
      }),
    ),
  },
  {
    name: 'training step against voxels of the patch',
    x: 'voxels of a patch',
    points: [16, 32, 48, 64, 80, 96].map((side) => ({ x: side ** 3, label: `${side}^3`, request: step({ side }) })),
  },
  {
    name: 'training step against channels',
    x: 'channels at full resolution',
    // Arithmetic grows with the square of channels: an exponent up to 2 is the network's own.
    expected: 2,
    points: [4, 8, 16, 32].map((base) => ({
      x: base,
      label: String(base),
      request: step({ channels: [base, 2 * base, 4 * base, 8 * base], batch: 1 }),
    })),
  },
  {
    name: 'training step against batch',
    x: 'patches of 32^3',
    points: [1, 2, 4, 8].map((batch) => ({ x: batch, label: String(batch), request: step({ batch, side: 32 }) })),
  },
  {
    name: 'judging against the bank',
    x: 'cases in the bank',
    points: [10, 100, 1000, 10_000, 100_000].map((bank) => ({
      x: bank,
      label: String(bank),
      request: ood({ bank, tasks: 1 }),
    })),
  },
  {
    name: 'judging against calibration cases',
    x: 'calibration cases',
    points: [10, 100, 1000, 10_000].map((calibration) => ({
      x: calibration,
      label: String(calibration),
      request: ood({ calibration, tasks: 1 }),
    })),
  },
  {
    name: 'judging against tasks',
    x: 'tasks',
    points: [1, 4, 16, 64].map((tasks) => ({ x: tasks, label: String(tasks), request: ood({ tasks }) })),
  },
];

export async function growth({ quick, output }) {
  const folder = output ?? RESULTS;
  await mkdir(folder, { recursive: true });
  const kept = path.join(folder, quick ? 'growth-points-quick.jsonl' : 'growth-points.jsonl');
  const done = await readKept(kept);
  const results = [];
  const failures = [];
  for (const curve of curves) {
    const points = [];
    for (const { x, label, request } of quick ? curve.points.slice(0, 3) : curve.points) {
      const key = JSON.stringify({ ...request, threads: THREADS });
      let result = done.get(key);
      if (!result) {
        await waitForIdle();
        try {
          result = JSON.parse((await runProcess(process.execPath, ['--max-old-space-size=16000', POINT, key])).text);
        } catch (error) {
          failures.push(`${curve.name}: ${label} failed: ${error.message.trim().split('\n').at(-1)}`);
          console.log(failures.at(-1));
          continue;
        }
        await appendFile(kept, `${JSON.stringify({ key, result })}\n`);
      }
      console.log(`${curve.name}: ${label}: ${formatSeconds(result.seconds)}, ${formatBytes(result.peakBytes)}`);
      points.push({ x, label, ...result });
    }
    results.push({ ...curve, points, fits: fitAll(points) });
  }
  const { notes, ...rest } = describe(results);
  await publish('growth', { ...rest, notes: [...notes, ...failures] }, { output, quick });
  await rm(kept);
}

async function readKept(file) {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line)];
    } catch {
      return [];
    }
  });
  return new Map(lines.map(({ key, result }) => [key, result]));
}

/** Least squares of log y on log x over the largest points: y = factor * x^exponent. */
export function fitPower(points) {
  const used = points.filter(([x, y]) => x > 0 && y > 0).slice(-FITTED);
  if (used.length < 2) return null;
  const [u, v] = [0, 1].map((i) => used.map((point) => Math.log(point[i])));
  const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;
  const [mu, mv] = [mean(u), mean(v)];
  const sum = (a, ma, b, mb) => a.reduce((total, value, i) => total + (value - ma) * (b[i] - mb), 0);
  const exponent = sum(u, mu, v, mv) / sum(u, mu, u, mu);
  const spread = sum(v, mv, v, mv);
  const r2 = spread === 0 ? 1 : (exponent * sum(u, mu, v, mv)) / spread;
  return { exponent, factor: Math.exp(mv - exponent * mu), r2, from: used[0][0], to: used.at(-1)[0] };
}

const measures = {
  seconds: { name: 'time', unit: 'seconds', of: (point) => point.seconds },
  memory: {
    name: 'memory beyond the start',
    unit: 'MiB',
    of: (point) => (point.peakBytes - point.startBytes) / 2 ** 20,
  },
  fit: { name: 'fitting', unit: 'seconds', of: (point) => point.fitSeconds ?? 0 },
};

function fitAll(points) {
  const fits = Object.entries(measures).map(([key, { of }]) => [
    key,
    fitPower(points.map((point) => [point.x, of(point)])),
  ]);
  return Object.fromEntries(fits.filter(([, fit]) => fit !== null));
}

function describe(results) {
  const notes = [
    `Exponents: log-log least squares over the ${FITTED} largest points; 1 is linear. Prediction: a network of 4 to 32 channels, windows of 64^3 without overlap.`,
  ];
  for (const { name, fits, expected = 1 } of results) {
    for (const [key, { exponent }] of Object.entries(fits)) {
      if (exponent <= expected * LINEAR) continue;
      notes.push(
        `Worse than ${expected === 1 ? 'linear' : 'quadratic'}: ${name}, ${measures[key].name}: ${exponent.toFixed(2)}.`,
      );
    }
  }
  const tables = results.map(({ name, x, points, fits }) => ({
    caption: `${name}: ${Object.entries(fits)
      .map(([key, { exponent, r2 }]) => `${measures[key].name} exponent ${exponent.toFixed(2)} (R² ${r2.toFixed(2)})`)
      .join(', ')}`,
    columns: [
      x,
      'time',
      'peak memory',
      'beyond the start',
      ...(points[0]?.fitSeconds === undefined ? [] : ['fitting']),
    ],
    rows: points.map((point) => [
      point.label,
      formatSeconds(point.seconds),
      formatBytes(point.peakBytes),
      formatBytes(point.peakBytes - point.startBytes),
      ...(point.fitSeconds === undefined ? [] : [formatSeconds(point.fitSeconds)]),
    ]),
  }));
  const plots = results.flatMap(({ name, x, points, fits }) =>
    ['seconds', ...(name.startsWith('judging') ? [] : ['memory'])].map((key) => ({
      title: name,
      x,
      y: `${measures[key].name}, ${measures[key].unit}`,
      logarithmic: true,
      series: [
        {
          name: fits[key] ? `exponent ${fits[key].exponent.toFixed(2)}` : 'measured',
          points: points.map((point) => [point.x, measures[key].of(point)]).filter(([, y]) => y > 0),
          line: fits[key]
            ? [fits[key].from, fits[key].to].map((at) => [at, fits[key].factor * at ** fits[key].exponent])
            : [],
        },
      ],
    })),
  );
  return {
    title: `Growth of time and memory, ${THREADS} threads`,
    tables,
    notes,
    data: { threads: THREADS, curves: results.map(({ name, x, points, fits }) => ({ name, x, points, fits })) },
    files: { 'growth.svg': panels(plots) },
  };
}

/**
 * Reads every file of a corpus with the built product, in a process of its own with little heap, and says of each what
 * came of it: one JSON line before (so that a crash or a hang has a name) and one after.
 */
import { readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [dist, manifest] = process.argv.slice(2);
const load = (file) => import(pathToFileURL(path.join(dist, file)).href);
const { isCandorError } = await load('errors.js');
const { readImage, readImageHeader } = await load('formats/image-file.node.js');
const { openDataset } = await load('datasets/open-dataset.node.js');
const { checkDatasets } = await load('datasets/check.node.js');
const { loadCase } = await load('datasets/load-case.node.js');
const { labelSpaceOf } = await load('datasets/structures.js');
const { inspect } = await load('jobs/inspect.node.js');
const { openRunFolder } = await load('training/run-folder.node.js');

const count = (values) => values.reduce((product, n) => product * n, 1);

const readers = {
  async image({ file }) {
    const header = await readImageHeader(file).catch((error) => error);
    const { volume } = await readImage(file);
    if (header instanceof Error) throw header;
    if (volume.data.length !== count(volume.size) || !volume.affine.every(Number.isFinite)) {
      throw new Error('the image does not agree with itself');
    }
  },
  async dataset({ file }) {
    const dataset = await openDataset(file);
    for (const { image, label } of dataset.cases) {
      for (const one of [image, label]) if (one && !one.startsWith(`${file}/`)) throw new Error(`${one} lies outside`);
    }
    for (const finding of (await checkDatasets([dataset], { voxels: 'none' })).flat()) {
      if (finding.severity === 'error') throw Object.assign(new Error(), { finding });
    }
    const labels = labelSpaceOf(dataset);
    for (const one of dataset.cases) await loadCase(one, labels);
  },
  model: ({ file }) => inspect(file),
  run: ({ file, settings }) => openRunFolder(file, settings, true),
};

/** CPU time, since the machine may be busy; a reader that only waits is caught by the timer. */
const LONGEST_WAIT_MS = 2000;
const wait = () =>
  new Promise((_, reject) =>
    setTimeout(() => reject(new Error(`nothing for ${LONGEST_WAIT_MS} ms`)), LONGEST_WAIT_MS).unref(),
  );

function describe(error) {
  if (error.finding)
    return { outcome: 'error', tag: 'finding', message: `${error.finding.file} ${error.finding.message}` };
  if (isCandorError(error)) return { outcome: 'error', tag: error.tag, message: error.message };
  return { outcome: 'fault', tag: error?.name, message: String(error?.stack ?? error) };
}

const say = (line) => writeSync(1, `${JSON.stringify(line)}\n`);
for (const entry of JSON.parse(readFileSync(manifest, 'utf8'))) {
  say({ start: entry.id });
  if (entry.weighed) globalThis.gc();
  const cpu = process.cpuUsage();
  const before = { peak: process.resourceUsage().maxRSS, buffers: process.memoryUsage().arrayBuffers };
  let result = { outcome: 'valid', tag: '', message: '' };
  try {
    await Promise.race([readers[entry.reader](entry), wait()]);
  } catch (error) {
    result = describe(error);
  }
  const used = process.cpuUsage(cpu);
  say({
    end: entry.id,
    ...result,
    polluted: Object.keys(Object.prototype).length > 0 || {}.polluted !== undefined,
    cpuMs: (used.user + used.system) / 1000,
    peakGrowth: 1024 * (process.resourceUsage().maxRSS - before.peak),
    bufferGrowth: process.memoryUsage().arrayBuffers - before.buffers,
  });
}

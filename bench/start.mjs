/** Cold start: whole processes of the command line, from start to end, beside Node alone and importing PyTorch. */
import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createHeader } from '../dist/formats/nifti/nifti.js';
import { encodeFloat } from '../dist/formats/nifti/write.js';
import { makePhantom, phantomFamilies } from '../dist/transforms/phantoms.js';
import { candor, runProcess } from './cli.mjs';
import { exampleModel, examplePlan, writeExampleModel } from './example-model.mjs';
import { interleave } from './machine.mjs';
import { THREADS, withFolder } from './network.mjs';
import { findPythons, peerName } from './python.mjs';
import { formatSummary, publish } from './results.mjs';

const ROUNDS = 9;
const SCANS = fileURLToPath(new URL('../../shared/data/hippocampus-mr/imagesTr/', import.meta.url));

export async function start({ quick, output, rounds = quick ? 3 : ROUNDS }) {
  const { peers, missing } = findPythons();
  const notes = [...missing];
  const seconds = await withFolder(async (folder) => {
    const model = path.join(folder, 'model.onnx');
    const plan = examplePlan({ spacing: [1, 1, 1], patch: [40, 56, 40], overlap: 0.5 });
    await writeExampleModel(model, await exampleModel([{ name: 'organ', plan }]));
    const { scan, what } = await findScan(folder);
    notes.push(`predict: ${what}, a network of 1.8 million weights, ${THREADS} threads.`);
    const out = path.join(folder, 'out');
    const predict = ['predict', model, '-i', scan, '-o', out, '--task', 'organ', '--threads', THREADS, '--quiet'];
    const sides = {
      'node alone': async () => (await runProcess(process.execPath, ['-e', '0'])).seconds,
      'candor --help': async () => (await candor('--help')).seconds,
      'candor inspect': async () => (await candor('inspect', model)).seconds,
      'candor predict --task': async () => (await candor(...predict)).seconds,
    };
    for (const peer of peers) {
      sides[`import torch (${peerName(peer)})`] = async () =>
        (await runProcess(peer.python, ['-c', 'import torch'])).seconds;
    }
    return (await interleave(sides, { rounds })).seconds;
  });
  await publish(
    'start',
    {
      title: `Cold start, whole processes, median (quartiles) of ${rounds} interleaved rounds`,
      tables: [
        {
          columns: ['process', 'seconds'],
          rows: Object.entries(seconds).map(([name, summary]) => [name, formatSummary(summary)]),
        },
      ],
      notes,
      data: { rounds, seconds },
    },
    { output, quick },
  );
}

/** A real scan where there is one, else a phantom. */
async function findScan(folder) {
  const name = existsSync(SCANS) ? readdirSync(SCANS).find((file) => file.endsWith('.nii.gz')) : undefined;
  if (name !== undefined) return { scan: path.join(SCANS, name), what: 'a hippocampus MR scan' };
  const { image } = makePhantom(phantomFamilies[0], 0, 0);
  const scan = path.join(folder, 'phantom.nii.gz');
  await writeFile(scan, encodeFloat(image.data, createHeader(image)));
  return { scan, what: `a digital phantom (${image.size.join(' x ')} voxels)` };
}

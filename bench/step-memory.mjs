/**
 * Highest resident memory of a process that runs training steps: Candor's and PyTorch's, same network, patch and batch.
 */
import { fileURLToPath } from 'node:url';
import { runProcess } from './cli.mjs';
import { waitForIdle } from './machine.mjs';
import { architecture, THREADS } from './network.mjs';
import { findPythons, peerName, startPeer } from './python.mjs';
import { formatBytes, publish } from './results.mjs';

const POINT = fileURLToPath(new URL('peers/point.mjs', import.meta.url));
const BATCH = 2;
const SIDES = [48, 64, 96];
const REPEATS = 3;

export async function stepMemory({ quick, output }) {
  const { peers, missing } = findPythons();
  const results = [];
  for (const side of quick ? SIDES.slice(0, 1) : SIDES) {
    await waitForIdle();
    const request = {
      kind: 'step',
      channels: architecture.channels,
      batch: BATCH,
      side,
      threads: THREADS,
      repeats: REPEATS,
    };
    const own = JSON.parse((await runProcess(process.execPath, [POINT, JSON.stringify(request)])).text);
    const sides = { Candor: { peakBytes: own.peakBytes, startBytes: own.startBytes } };
    for (const peer of peers) sides[peerName(peer)] = await measurePeer(peer, side);
    results.push({ side, batch: BATCH, sides });
  }
  const rows = results.flatMap(({ side, sides }) =>
    Object.entries(sides).map(([name, { peakBytes, startBytes }]) => [
      `${side}^3, ${BATCH}`,
      name,
      formatBytes(peakBytes),
      formatBytes(peakBytes - startBytes),
      name === 'Candor' ? '' : (sides.Candor.peakBytes / peakBytes).toFixed(2),
    ]),
  );
  await publish(
    'memory',
    {
      title: `Peak resident memory of a process that trains, ${THREADS} threads`,
      tables: [
        { columns: ['patch, batch', 'side', 'peak', 'beyond the libraries', 'Candor over it, whole process'], rows },
      ],
      notes: [...missing, 'Candor: the shipped step (Dice and cross-entropy, AdamW with clipping); PyTorch likewise.'],
      data: { threads: THREADS, results },
    },
    { output, quick },
  );
}

async function measurePeer(peer, side) {
  const worker = startPeer(peer);
  try {
    await worker.request({ op: 'hello' });
    const startBytes = (await worker.request({ op: 'memory' })).bytes;
    await worker.request({ op: 'open', channels: architecture.channels, threads: THREADS });
    await worker.request({ op: 'input', batch: BATCH, space: [side, side, side] });
    await worker.request({ op: 'step', loss: 'ce+dice', optimiser: 'adamw', repeats: REPEATS + 1 });
    return { peakBytes: (await worker.request({ op: 'memory' })).bytes, startBytes };
  } finally {
    await worker.stop();
  }
}

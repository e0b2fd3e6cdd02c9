/** Workers as threads and as processes: answers in order, errors with their class, deaths and silence told. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CancelledError, EngineError, GeometryError } from '../../src/errors.js';
import { askAll } from '../../src/workers/pool.node.js';
import { openProcess, openThread, type WorkerOptions } from '../../src/workers/worker.node.js';
import { ensureBuilt, root } from '../cli/run-candor.js';

const folder = mkdtempSync(path.join(tmpdir(), 'candor-workers-'));
beforeAll(ensureBuilt);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let scripts = 0;
/** A worker that does so with what it is asked. */
function worker(body: string): WorkerOptions {
  const file = path.join(folder, `${scripts++}.mjs`);
  const built = (name: string) => JSON.stringify(pathToFileURL(path.join(root, 'dist', name)).href);
  writeFileSync(
    file,
    `import { serve } from ${built('workers/serve.node.js')};
import { GeometryError } from ${built('errors.js')};
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
serve(async (asked) => { ${body} });\n`,
  );
  return { script: pathToFileURL(file), name: 'worker of the test' };
}

describe.each([
  ['thread', openThread],
  ['process', openProcess],
] as const)('a %s', (_, open) => {
  it('answers in order, one thing at a time, also where the first takes longest', async () => {
    const requests = open<number, string>(worker('await wait(40 - 10 * asked); return String(asked);'));
    expect(await Promise.all([0, 1, 2, 3].map((n) => requests.ask(n)))).toEqual(['0', '1', '2', '3']);
    await requests.close();
    await expect(requests.ask(4)).rejects.toThrow(EngineError);
  });

  it('passes errors on with class and fields, and goes on', async () => {
    const requests = open<number, number>(
      worker("if (asked === 0) throw new GeometryError({ file: 'a.nii', expected: 'x', found: 'y' }); return asked;"),
    );
    const [bad, good] = [requests.ask(0), requests.ask(1)];
    await expect(bad).rejects.toThrow(GeometryError);
    await expect(bad).rejects.toMatchObject({ file: 'a.nii', expected: 'x', found: 'y' });
    expect(await good).toBe(1);
    await requests.close();
  });

  it('that dies fails all that is asked, in words', async () => {
    const requests = open<number, number>(worker('process.exit(3);'));
    const all = [0, 1].map((n) => requests.ask(n));
    for (const one of all) await expect(one).rejects.toThrow(/worker of the test failed: it ended with code 3/);
    await expect(requests.ask(2)).rejects.toThrow(EngineError);
    await requests.close();
  });

  it('that falls silent is given up, and ended all the same', async () => {
    const requests = open<number, number>({ ...worker('for (;;);'), patience: 0.5, parting: 0.5 });
    await expect(requests.ask(0)).rejects.toThrow('The worker of the test failed: it gave no answer for 0.5 s.');
    await requests.close();
  });

  it('works beside others, results in the order of requests', async () => {
    const options = worker('await wait(30 - asked); return asked * asked;');
    const asked = Array.from({ length: 20 }, (_, i) => i);
    const counts: number[] = [];
    const answers = await askAll(asked, () => open<number, number>(options), {
      workers: 3,
      onAnswer: (done) => counts.push(done),
    });
    expect(answers).toEqual(asked.map((n) => n * n));
    expect(counts).toEqual(asked.map((n) => n + 1));
  });

  it('is cancelled without waiting for what it has in hand', async () => {
    const controller = new AbortController();
    const options = { ...worker('await wait(asked === 0 ? 0 : 60_000); return asked;'), parting: 0.2 };
    const run = askAll([0, 1, 2], () => open<number, number>(options), {
      workers: 1,
      signal: controller.signal,
      onAnswer: () => controller.abort(),
    });
    await expect(run).rejects.toThrow(CancelledError);
  });
});

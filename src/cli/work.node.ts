/** Runs a job for a verb: shows its progress, and turns Ctrl-C into a clean stop that keeps what was done. */
import type { JobOptions } from '../job-options.js';
import { createProgressDisplay } from './progress.node.js';

/** What every verb that runs a job was told. */
export interface WorkFlags {
  readonly quiet: boolean;
  readonly threads?: number;
  readonly device?: JobOptions['device'];
}

/**
 * Run a job with the options that all of them share.
 * @param stopping said on the first Ctrl-C: what happens now and how to go on
 */
export async function work<Result>(
  flags: WorkFlags,
  stopping: string,
  job: (options: JobOptions) => Promise<Result>,
): Promise<Result> {
  const display = createProgressDisplay({ quiet: flags.quiet });
  const abort = new AbortController();
  const stop = () => {
    // Without a listener of ours the next Ctrl-C kills, as people expect.
    release();
    display.close();
    process.stderr.write(`\n${stopping}; press Ctrl-C again to quit at once\n`);
    abort.abort();
  };
  const release = () => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.removeListener(name, stop);
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, stop);
  try {
    return await job({
      threads: flags.threads,
      device: flags.device,
      signal: abort.signal,
      onProgress: (progress) => {
        // A bar drawn now would cover what was just said.
        if (!abort.signal.aborted) display.update(progress);
      },
      onNote: (note) => display.note(note),
    });
  } finally {
    display.close();
    release();
  }
}

/** Print a result: an object as JSON, text as it is. */
export function print(result: string | object): void {
  process.stdout.write(`${typeof result === 'string' ? result : JSON.stringify(result, null, 2)}\n`);
}

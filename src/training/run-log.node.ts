/**
 * The log of a run, a line of JSON for each record. What could not be written when it was due is kept and written when the
 * log is next settled, which it is before each checkpoint: a run that is gone on with lacks no line of what it has done.
 */
import { appendFile, open } from 'node:fs/promises';
import { OutputError } from '../errors.js';
import { writeFileAtomic } from '../files/atomic.node.js';
import { readPlainFile } from '../files/read.node.js';
import { explainSystemError } from '../files/system-error.js';

/** Of a log, in bytes: a million steps. */
export const MAXIMUM_LOG = 2 ** 28;

export interface RunLog {
  /** @throws OutputError where the record cannot be written now; it is kept */
  append(record: object): Promise<void>;
  /** Bring all records to the disk. @throws OutputError */
  settle(): Promise<void>;
}

const lineOf = (record: object): string => `${JSON.stringify(record)}\n`;

/**
 * Begin a log with the records that it already has, in place of what the file holds.
 * @throws OutputError
 */
export async function openRunLog(file: string, records: readonly object[]): Promise<RunLog> {
  const text = records.map(lineOf).join('');
  await writeFileAtomic(file, text);
  /** Bytes of the file that are whole lines; a write that failed may have left part of one behind them. */
  let whole = Buffer.byteLength(text);
  let missing = '';

  async function settle(): Promise<void> {
    if (missing === '' && (await flush(file))) return;
    const bytes = await readPlainFile(file, MAXIMUM_LOG).catch((cause: unknown) => {
      throw refusal(file, cause);
    });
    // Renamed into place, as checkpoints are: where those can be written, so can this.
    await writeFileAtomic(file, Buffer.concat([bytes.subarray(0, whole), Buffer.from(missing)]));
    whole += Buffer.byteLength(missing);
    missing = '';
  }

  return {
    async append(record) {
      const line = lineOf(record);
      if (missing !== '') {
        missing += line;
        return settle();
      }
      try {
        await appendFile(file, line);
        whole += Buffer.byteLength(line);
      } catch (cause) {
        missing = line;
        throw refusal(file, cause);
      }
    },
    settle,
  };
}

/** Whether the file is known to be on the disk. */
async function flush(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    return true;
  } catch {
    return false;
  }
}

function refusal(file: string, cause: unknown): OutputError {
  return new OutputError({ file, problem: `cannot be written: ${explainSystemError(cause)}`, cause });
}

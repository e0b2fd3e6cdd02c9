/**
 * A disk that fails when told to. A test file puts it under the code with
 *
 *     vi.mock('node:fs/promises', async (original) => (await import('../support/faulty-disk.js')).faultyPromises(await original()));
 *     vi.mock('node:fs', async (original) => (await import('../support/faulty-disk.js')).faultyFs(await original()));
 *
 * Operations are those of this thread through `node:fs/promises`, and streams that read. Not covered: workers and other
 * processes (batches of training, scans on several threads), which have modules of their own, and synchronous calls.
 */
import type * as fs from 'node:fs';
import type * as promises from 'node:fs/promises';
import { Readable } from 'node:stream';

export type Kind = 'write' | 'rename' | 'sync' | 'read' | 'remove';

export interface Operation {
  readonly kind: Kind;
  /** The function's name; of an open file with a dot before it. */
  readonly name: string;
  readonly path: string;
}

interface Disk {
  /** All since the last {@link reset}, in order. */
  operations: Operation[];
  /** Whether an operation, the index-th of all, fails. */
  fails: (operation: Operation, index: number) => boolean;
}

// One for the mocked modules and the test, whichever way each came by this one.
const shared = globalThis as { candorFaultyDisk?: Disk };
shared.candorFaultyDisk ??= { operations: [], fails: () => false };
export const disk: Disk = shared.candorFaultyDisk;

/** Forget what was done, and fail as told from now on. */
export function reset(fails: Disk['fails'] = () => false): void {
  disk.operations = [];
  disk.fails = fails;
}

const kinds: Readonly<Record<string, Kind>> = {
  ...{ writeFile: 'write', appendFile: 'write', mkdir: 'write', mkdtemp: 'write', utimes: 'write', copyFile: 'write' },
  ...{ rename: 'rename', rm: 'remove', unlink: 'remove', rmdir: 'remove' },
  ...{ readFile: 'read', readdir: 'read', stat: 'read', lstat: 'read', access: 'read', realpath: 'read' },
};
const handleKinds: Readonly<Record<string, Kind>> = {
  ...{ writeFile: 'write', appendFile: 'write', write: 'write', writev: 'write', truncate: 'write' },
  ...{ sync: 'sync', datasync: 'sync', read: 'read', readFile: 'read', stat: 'read' },
};

function failure(operation: Operation): Error | undefined {
  const index = disk.operations.push(operation) - 1;
  if (!disk.fails(operation, index)) return undefined;
  const { name, path } = operation;
  return Object.assign(new Error(`EIO: i/o error, ${name} '${path}'`), { code: 'EIO', syscall: name, path });
}

type Call = (...parameters: unknown[]) => Promise<unknown>;

/** A write that fails has written a part, as on a disk that is full. */
async function failing(error: Error, name: string, call: Call, parameters: unknown[]): Promise<never> {
  const at = name.startsWith('.') ? 0 : 1;
  const data = parameters[at];
  if (/writeFile|appendFile/.test(name) && (typeof data === 'string' || data instanceof Uint8Array)) {
    const half = data.slice(0, Math.floor(data.length / 2));
    await call(...parameters.map((value, i) => (i === at ? half : value)));
  }
  throw error;
}

function faultyHandle(handle: promises.FileHandle, path: string): promises.FileHandle {
  return new Proxy(handle, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      const call: Call = value.bind(target);
      const kind = Object.hasOwn(handleKinds, key) ? handleKinds[String(key)] : undefined;
      if (kind === undefined) return call;
      return async (...parameters: unknown[]) => {
        const name = `.${String(key)}`;
        const error = failure({ kind, name, path });
        return error ? failing(error, name, call, parameters) : call(...parameters);
      };
    },
  });
}

export function faultyPromises(real: typeof promises): typeof promises {
  const wrapped: Record<string, unknown> = { ...real };
  for (const [name, kind] of Object.entries(kinds)) {
    const call = (real as unknown as Record<string, Call>)[name];
    wrapped[name] = async (...parameters: unknown[]) => {
      const error = failure({ kind, name, path: String(parameters[0]) });
      return error ? failing(error, name, call, parameters) : call(...parameters);
    };
  }
  wrapped.open = async (path: string, flags = 'r', mode?: number) => {
    const error = failure({ kind: flags === 'r' ? 'read' : 'write', name: 'open', path });
    if (error) throw error;
    return faultyHandle(await real.open(path, flags, mode), path);
  };
  return { ...(wrapped as unknown as typeof promises), default: wrapped } as unknown as typeof promises;
}

export function faultyFs(real: typeof fs): typeof fs {
  const createReadStream = (path: string, options: object) => {
    const error = failure({ kind: 'read', name: 'createReadStream', path });
    if (!error) return real.createReadStream(path, options);
    return new Readable({
      read() {
        this.destroy(error);
      },
    });
  };
  return { ...real, createReadStream, default: { ...real, createReadStream } } as unknown as typeof fs;
}

/**
 * Bytes on disk that can be made again, by content key: bounded in size, the least recently used removed first. Nothing
 * that goes wrong with it ends a job; it only costs time. Several processes may use one folder.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { isCandorError } from '../errors.js';
import { writeFileAtomic } from './atomic.node.js';

const CHECKSUM_BYTES = 32;
/** Node's largest single read. */
const MAXIMUM_ENTRY = 2 ** 31 - 1;
/** Parts of writes older than this are of processes that were killed. */
const ABANDONED_MS = 3_600_000;

export interface CacheOptions {
  readonly folder: string;
  /** Entries that this process has not used are removed until all together are at most so many bytes. */
  readonly maximumBytes: number;
  /** Told, once each, that the folder cannot be written, or is too small for this process's own entries. */
  readonly onNote?: (note: string) => void;
}

export interface Cache {
  /** The bytes under a key (hexadecimal); undefined where there are none, or they are damaged. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Keep bytes under a key. Never throws. */
  put(key: string, parts: readonly Uint8Array[]): Promise<void>;
}

/** A cache that keeps nothing. */
export const noCache: Cache = {
  get: () => Promise.resolve(undefined),
  put: () => Promise.resolve(),
};

export function openCache(options: CacheOptions): Cache {
  return new FolderCache(options);
}

class FolderCache implements Cache {
  /** Bytes of the entries that this process read or wrote, by file. */
  private readonly used = new Map<string, number>();
  /** Bytes of all entries, as far as this process knows. */
  private total: number | undefined;
  private readonly told = new Set<string>();
  private broken = false;

  constructor(private readonly options: CacheOptions) {}

  async get(key: string): Promise<Uint8Array | undefined> {
    const file = this.fileOf(key);
    const bytes = await readFile(file).catch(() => undefined);
    if (bytes === undefined) return undefined;
    const content = bytes.subarray(CHECKSUM_BYTES);
    if (!bytes.subarray(0, CHECKSUM_BYTES).equals(digest([content]))) {
      await rm(file, { force: true }).catch(() => undefined);
      return undefined;
    }
    this.used.set(file, bytes.length);
    // The time of the last use: file systems seldom keep access times.
    const now = new Date();
    await utimes(file, now, now).catch(() => undefined);
    return content;
  }

  async put(key: string, parts: readonly Uint8Array[]): Promise<void> {
    const bytes = parts.reduce((sum, { byteLength }) => sum + byteLength, CHECKSUM_BYTES);
    if (this.broken || bytes > MAXIMUM_ENTRY) return;
    const file = this.fileOf(key);
    const own = [...this.used.values()].reduce((sum, size) => sum + size, 0);
    if (own + bytes > this.options.maximumBytes) {
      this.note(
        'full',
        `${this.options.folder}: the cache's bound of ${this.options.maximumBytes} bytes is less than this run needs; what does not fit is prepared anew each time`,
      );
      return;
    }
    try {
      // The checksum tells of an entry that a power cut left in part.
      await writeFileAtomic(file, Buffer.concat([digest(parts), ...parts]), { flush: false });
    } catch (error) {
      if (!isCandorError(error)) throw error;
      this.broken = true;
      this.note('unwritable', `${error.message} Going on without a cache.`);
      return;
    }
    this.used.set(file, bytes);
    this.total = this.total === undefined ? undefined : this.total + bytes;
    if (this.total === undefined || this.total > this.options.maximumBytes) await this.prune();
  }

  private fileOf(key: string): string {
    return path.join(this.options.folder, key.slice(0, 2), `${key}.bin`);
  }

  private note(kind: string, text: string): void {
    if (!this.told.has(kind)) this.options.onNote?.(text);
    this.told.add(kind);
  }

  /** Remove what was not used for longest, until the bound is met; never what this process used. */
  private async prune(): Promise<void> {
    const entries = await this.list();
    let total = entries.reduce((sum, { size }) => sum + size, 0);
    for (const { file, size } of entries.sort((a, b) => a.usedAt - b.usedAt)) {
      if (total <= this.options.maximumBytes) break;
      if (this.used.has(file)) continue;
      await rm(file, { force: true }).catch(() => undefined);
      total -= size;
    }
    this.total = total;
  }

  /** All entries; on the way, what killed processes left is removed. Foreign files are left alone and not counted. */
  private async list(): Promise<{ file: string; size: number; usedAt: number }[]> {
    const entries: { file: string; size: number; usedAt: number }[] = [];
    const { folder } = this.options;
    for (const shelf of await readdir(folder).catch(() => [])) {
      if (!/^[0-9a-f]{2}$/.test(shelf)) continue;
      for (const name of await readdir(path.join(folder, shelf)).catch(() => [])) {
        const file = path.join(folder, shelf, name);
        const found = await stat(file).catch(() => undefined);
        if (!found?.isFile()) continue;
        if (/^[0-9a-f]+\.bin$/.test(name)) entries.push({ file, size: found.size, usedAt: found.mtimeMs });
        else if (/^\.[0-9a-f]+.*\.part$/.test(name) && Date.now() - found.mtimeMs > ABANDONED_MS) {
          await rm(file, { force: true }).catch(() => undefined);
        }
      }
    }
    return entries;
  }
}

function digest(parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

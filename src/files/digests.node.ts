/**
 * SHA-256 of files, computed once: kept in the cache from run to run, by all that a file system tells of a change. A file
 * that changed while it was read, or so lately that a further change might not show, is not kept.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { type Cache, noCache } from './cache.node.js';
import { sha256 } from './hash.js';

/** Coarser than the clock of any file system in use: FAT counts in 2 s. */
const UNSETTLED_MS = 3000;

const entrySchema = z.record(z.string(), z.tuple([z.string(), z.string()]));

export interface Digests {
  /** Lower-case hexadecimal digest of a file's bytes. @throws the file system's error */
  of(file: string): Promise<string>;
  /** Put what is new into the cache. Never throws. */
  keep(): Promise<void>;
}

/** Digests of files, those of one folder kept together. */
export function openDigests(cache: Cache = noCache): Digests {
  return new CachedDigests(cache);
}

interface Shelf {
  readonly key: string;
  /** By file name: its state and its digest. */
  readonly entries: Record<string, [state: string, digest: string]>;
  /** Those of files that changed too lately, for this process alone. */
  readonly unsettled: Map<string, [state: string, digest: string]>;
  changed: boolean;
}

class CachedDigests implements Digests {
  private readonly shelves = new Map<string, Promise<Shelf>>();

  constructor(private readonly cache: Cache) {}

  async of(file: string): Promise<string> {
    const [folder, name] = [path.resolve(path.dirname(file)), path.basename(file)];
    const before = await stateOf(file);
    const shelf = await this.shelf(folder);
    const known = [Object.hasOwn(shelf.entries, name) ? shelf.entries[name] : undefined, shelf.unsettled.get(name)];
    for (const entry of known) if (entry?.[0] === before.state) return entry[1];
    const digest = await hashFile(file);
    const after = await stateOf(file);
    if (after.state !== before.state) return digest;
    if (before.isSettled) {
      shelf.entries[name] = [after.state, digest];
      shelf.changed = true;
    } else shelf.unsettled.set(name, [after.state, digest]);
    return digest;
  }

  async keep(): Promise<void> {
    for (const pending of this.shelves.values()) {
      const shelf = await pending;
      if (!shelf.changed) continue;
      shelf.changed = false;
      await this.cache.put(shelf.key, [new TextEncoder().encode(JSON.stringify(shelf.entries))]);
    }
  }

  private shelf(folder: string): Promise<Shelf> {
    const shelf = this.shelves.get(folder) ?? this.open(folder);
    this.shelves.set(folder, shelf);
    return shelf;
  }

  private async open(folder: string): Promise<Shelf> {
    const key = await sha256(`digests/1 ${folder}`);
    const bytes = await this.cache.get(key);
    return { key, entries: (bytes && decode(bytes)) ?? {}, unsettled: new Map(), changed: false };
  }
}

function decode(bytes: Uint8Array): Shelf['entries'] | undefined {
  try {
    // Without a prototype, since file names are its keys.
    return Object.assign(Object.create(null), entrySchema.parse(JSON.parse(new TextDecoder().decode(bytes))));
  } catch {
    return undefined;
  }
}

/** The time of the last change of contents or rights cannot be set back by a program, as that of contents can. */
async function stateOf(file: string): Promise<{ state: string; isSettled: boolean }> {
  const { size, mtimeNs, ctimeNs, ino, dev } = await stat(file, { bigint: true });
  const latest = Number((mtimeNs > ctimeNs ? mtimeNs : ctimeNs) / 1_000_000n);
  return { state: [size, mtimeNs, ctimeNs, ino, dev].join(' '), isSettled: Date.now() - latest > UNSETTLED_MS };
}

async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(file, { highWaterMark: 2 ** 20 })) hash.update(bytes as Uint8Array);
  return hash.digest('hex');
}

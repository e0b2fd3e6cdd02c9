/** A folder of damaged files, each made by a seeded change of a small valid one: nothing binary is checked in. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createRandom } from '../../src/math/random.js';

export interface Entry {
  readonly id: number;
  readonly kind: string;
  readonly reader: 'image' | 'dataset' | 'model' | 'run';
  /** The file or folder to read; an error must name it, or a file in it. */
  readonly file: string;
  readonly expect: 'valid' | 'error' | 'either';
  /** Bytes that a truthful reading may take, besides what reading any small file takes. */
  readonly allowance: number;
  /** Garbage is collected first, so that growth is this entry's own. */
  readonly weighed: boolean;
  readonly settings?: object;
}

type Details = Pick<Entry, 'kind' | 'reader' | 'expect'> & Partial<Entry>;

/** Collects entries; every one gets a folder of its own, so that names cannot clash. */
export class Corpus {
  readonly entries: Entry[] = [];
  readonly random = createRandom('corpus', 1);

  private folders = 0;

  constructor(readonly folder: string) {}

  private next(): string {
    const folder = path.join(this.folder, String(this.folders++));
    mkdirSync(folder);
    return folder;
  }

  /** One file. */
  add(name: string, bytes: Uint8Array | string, details: Details): void {
    const file = path.join(this.next(), name);
    writeFileSync(file, bytes);
    this.push(file, details);
  }

  /** Whatever `make` puts into the entry's folder; it returns the path to read. */
  addMade(make: (folder: string) => string, details: Details): void {
    this.push(make(this.next()), details);
  }

  /** A pipe that nobody writes to; `make` returns the path to read and where the pipe goes. Nothing without pipes. */
  addPipe(make: (folder: string) => readonly [read: string, pipe: string], details: Details): void {
    const [read, pipe] = make(this.next());
    try {
      execFileSync('mkfifo', [pipe], { stdio: 'ignore' });
    } catch {
      return;
    }
    this.push(read, details);
  }

  private push(file: string, details: Details): void {
    this.entries.push({ id: this.entries.length, file, allowance: 0, weighed: false, ...details });
  }

  integer(below: number): number {
    return Math.min(below - 1, Math.floor(this.random.between(0, below)));
  }

  /** A copy with `flips` random bits of [from, to) changed. */
  flipped(bytes: Uint8Array, from: number, to: number, flips: number): Uint8Array {
    const copy = Uint8Array.from(bytes);
    for (let i = 0; i < flips; i++) copy[from + this.integer(to - from)] ^= 1 << this.integer(8);
    return copy;
  }

  /** Cut off at `n` places, spread over all of it, none of them the end. */
  *truncations(bytes: Uint8Array, n: number): Generator<Uint8Array> {
    for (let i = 0; i < n; i++) yield bytes.subarray(0, Math.floor((i * bytes.length) / n));
  }
}

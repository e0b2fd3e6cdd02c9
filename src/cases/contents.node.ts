/** SHA-256 of files, computed again only where a file's time or size has changed. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { openImage } from '../formats/image-file.node.js';

export class Contents {
  private readonly known = new Map<string, { readonly state: string; readonly digest: string }>();

  /** Of all files that an image consists of; undefined where one cannot be read: loading it will say why. */
  async of(image: string): Promise<readonly string[] | undefined> {
    try {
      return await Promise.all((await openImage(image)).files.map((file) => this.digest(file)));
    } catch {
      return undefined;
    }
  }

  private async digest(file: string): Promise<string> {
    const { size, mtimeMs, ino } = await stat(file);
    const state = `${size} ${mtimeMs} ${ino}`;
    const known = this.known.get(file);
    if (known?.state === state) return known.digest;
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
    const digest = hash.digest('hex');
    this.known.set(file, { state, digest });
    return digest;
  }
}

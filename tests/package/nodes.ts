/**
 * The Nodes that the package is tried under: the one that runs the tests, and others that are at hand. These are
 * `node20`, `node22` and `node24` on the path, and whatever CANDOR_NODES lists, written like a path.
 */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

/** Versions with long-term support that the package promises to work with. */
const promised = [20, 22, 24];

export interface NodeAtHand {
  readonly major: number;
  /** Path of the executable; null where none is at hand. */
  readonly executable: string | null;
}

/**
 * All promised Nodes, those that are not at hand included.
 * @throws where CANDOR_NODES names a file that is no Node
 */
export async function listNodes(): Promise<NodeAtHand[]> {
  const found = new Map([[majorOf(process.version), process.execPath]]);
  const named = split(process.env.CANDOR_NODES);
  for (const executable of [...named, ...(await onPath())]) {
    const { stdout } = await promisify(execFile)(executable, ['--version']);
    const major = majorOf(stdout);
    if (!found.has(major)) found.set(major, executable);
  }
  const majors = [...new Set([...promised, ...found.keys()])].sort((a, b) => a - b);
  return majors.map((major) => ({ major, executable: found.get(major) ?? null }));
}

/** A folder that, first on the path, makes an executable the `node` of whatever is started. */
export async function asNodeOfPath(executable: string, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await symlink(executable, path.join(folder, 'node'));
  return folder;
}

async function onPath(): Promise<string[]> {
  const files = promised.flatMap((major) => split(process.env.PATH).map((folder) => path.join(folder, `node${major}`)));
  const runs = await Promise.all(
    files.map((file) =>
      access(file, constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return files.filter((_, i) => runs[i]);
}

function split(list = ''): string[] {
  return list.split(path.delimiter).filter((item) => item !== '');
}

function majorOf(version: string): number {
  return Number(/^v(\d+)\./.exec(version)?.[1]);
}

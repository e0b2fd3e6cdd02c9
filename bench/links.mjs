/** Folders made of other folders' files, which stay where they are. */
import { cp, lstat, symlink } from 'node:fs/promises';
import path from 'node:path';

/** A link to a file or folder, or a copy where the system allows no links; left alone where it is there already. */
export async function linkTo(target, at) {
  if (await lstat(at).catch(() => undefined)) return;
  try {
    await symlink(path.resolve(target), at);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'EINVAL'].includes(error.code)) throw error;
    await cp(target, at, { recursive: true });
  }
}

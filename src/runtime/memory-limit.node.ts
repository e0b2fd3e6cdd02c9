/** What memory there is, and how amounts of it are told. */
import { freemem, totalmem } from 'node:os';

/** Bytes that this process may have in all, what it has already included. */
export function memoryLimit(): number {
  // Where much of what is called free is kept for files (macOS), only all of it says something.
  const machine = process.platform === 'darwin' ? totalmem() : freemem() + process.memoryUsage.rss();
  // A container counts files that were read as memory in use, though it gives them up: only its limit says something.
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(machine, limit) : machine;
}

/** An amount of memory for people. */
export function memoryText(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}

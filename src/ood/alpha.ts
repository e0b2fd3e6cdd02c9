/** The bound on the false-alarm rate: what it is where nobody says, and what it may be. */
import { UsageError } from '../errors.js';

/** One false alarm in twenty, as is usual for tests. */
export const defaultAlpha = 0.05;

/** Fail before any work for a bound that is none. @throws UsageError */
export function checkAlpha(alpha: number): void {
  if (alpha > 0 && alpha < 1) return;
  throw new UsageError({ file: 'alpha', expected: 'a number between 0 and 1', found: String(alpha) });
}

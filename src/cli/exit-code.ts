/** What the process tells its caller, by kind of error: one table, so that scripts can rely on it. */
import { CandorError, type ErrorTag } from '../errors.js';

export const exitCodes = {
  done: 0,
  internal: 1,
  usage: 2,
  badInput: 3,
  outOfDistribution: 4,
  output: 5,
  cancelled: 130,
} as const;

const byTag: Readonly<Record<ErrorTag, number>> = {
  UsageError: exitCodes.usage,
  DatasetError: exitCodes.badInput,
  ImageFormatError: exitCodes.badInput,
  GeometryError: exitCodes.badInput,
  ModelFormatError: exitCodes.badInput,
  UnsupportedError: exitCodes.badInput,
  EmptyImageError: exitCodes.badInput,
  PlanError: exitCodes.badInput,
  RunError: exitCodes.badInput,
  OutputError: exitCodes.output,
  CancelledError: exitCodes.cancelled,
  GraphError: exitCodes.internal,
  EngineError: exitCodes.internal,
};

/** The exit code for anything that was thrown; what Candor did not throw on purpose is an internal error. */
export function exitCodeOf(error: unknown): number {
  return error instanceof CandorError ? byTag[error.tag] : exitCodes.internal;
}

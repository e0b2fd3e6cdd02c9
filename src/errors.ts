/**
 * Errors that people read. Each has a tag that doors map to an exit code or an HTTP status, and a one-line message
 * that names the file or argument, what was expected, what was found and, where it helps, what to do.
 */

/** Common parent of every error that Candor throws on purpose. */
export abstract class CandorError extends Error {
  abstract readonly tag: string;
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A flag, an option or an argument of a public function is wrong. */
export class UsageError extends CandorError {
  readonly tag = 'UsageError';
}

/** A data-set folder or its `dataset.json` is missing, unreadable or inconsistent. */
export class DatasetError extends CandorError {
  readonly tag = 'DatasetError';
  /** Where there are several faults: all of them, a line each; the message then gives the first. */
  readonly details: readonly string[];
  constructor(message: string, options: { cause?: unknown; details?: readonly string[] } = {}) {
    super(message, options);
    this.details = options.details ?? [];
  }
}

/** An image file is missing, truncated, or not of the format that its name or header promises. */
export class ImageFormatError extends CandorError {
  readonly tag = 'ImageFormatError';
}

/** Two things that must lie on the same grid do not, or an affine cannot be used. */
export class GeometryError extends CandorError {
  readonly tag = 'GeometryError';
}

/** A model file is missing, damaged, foreign or of another version. */
export class ModelFormatError extends CandorError {
  readonly tag = 'ModelFormatError';
}

/** Valid input that Candor does not handle (a 4D series, a 2D image, ...). */
export class UnsupportedError extends CandorError {
  readonly tag = 'UnsupportedError';
}

/** A file of plans is missing, unreadable, or does not fit the data sets or the network. */
export class PlanError extends CandorError {
  readonly tag = 'PlanError';
}

/** A run folder cannot be resumed: missing, damaged, or begun with other settings. */
export class RunError extends CandorError {
  readonly tag = 'RunError';
}

/** A result cannot be written (missing rights, full disk, a file where a folder is needed). */
export class OutputError extends CandorError {
  readonly tag = 'OutputError';
}

/** The caller's AbortSignal fired; what was done so far is kept and can be resumed. */
export class CancelledError extends CandorError {
  readonly tag = 'CancelledError';
}

/** A graph was built with tensors that do not fit together; names the op, the tensors and their shapes. */
export class GraphError extends CandorError {
  readonly tag = 'GraphError';
}

/** The engine refused a graph or failed while running it (out of memory, a device that is not there). */
export class EngineError extends CandorError {
  readonly tag = 'EngineError';
}

/** Narrow an unknown value to a Candor error. */
export function isCandorError(error: unknown): error is CandorError {
  return error instanceof CandorError;
}

/** Throw {@link CancelledError} if the signal has fired. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CancelledError('Cancelled.');
}

/**
 * Errors that people read. Each has a tag that doors map to an exit code or an HTTP status, and fields that name the file
 * or argument, what was expected, what was found and what to do; its one-line message is made from them.
 */

/** What an error says, in clauses without a full stop. */
export interface Fault {
  /** The file, folder or argument that is at fault. */
  readonly file?: string;
  /** What is wrong, where an expectation and a finding would say it badly. */
  readonly problem?: string;
  readonly expected?: string;
  readonly found?: string;
  /** What to do about it. */
  readonly remedy?: string;
  /** Where there are several faults: all of them, a line each; the message then gives the first. */
  readonly details?: readonly string[];
  readonly cause?: unknown;
}

/** The one line that a fault is told in. */
export function sentence(fault: Fault): string {
  const clause = clauseOf(fault);
  return withRemedy(fault.file === undefined ? capitalised(clause) : clause, fault);
}

/** The same without its full stop and what to do, to go on from other words. */
export function clauseOf({ file, problem, expected, found }: Fault): string {
  const wanted = [expected !== undefined && `expected ${expected}`, found !== undefined && `found ${found}`];
  const clauses = [problem, ...wanted].filter((clause) => typeof clause === 'string').join(', ');
  return file === undefined ? clauses : `${file}: ${clauses}`;
}

/** What an error says, to go on from words that have named `file` already. */
export function messageOn(file: string, error: CandorError): string {
  return error.file === file ? withRemedy(clauseOf({ ...error, file: undefined }), error) : error.message;
}

function withRemedy(clause: string, { remedy }: Fault): string {
  return remedy === undefined ? `${clause}.` : `${clause}. ${asSentence(remedy)}`;
}

/** A clause, such as a remedy, as a sentence of its own. */
export function asSentence(clause: string): string {
  return `${capitalised(clause)}.`;
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Names of all kinds of error. */
export type ErrorTag =
  | 'UsageError'
  | 'DatasetError'
  | 'ImageFormatError'
  | 'GeometryError'
  | 'ModelFormatError'
  | 'UnsupportedError'
  | 'EmptyImageError'
  | 'PlanError'
  | 'RunError'
  | 'OutputError'
  | 'CancelledError'
  | 'GraphError'
  | 'EngineError';

/** Common parent of every error that Candor throws on purpose. */
export abstract class CandorError extends Error implements Fault {
  abstract readonly tag: ErrorTag;
  readonly file: string | undefined;
  readonly problem: string | undefined;
  readonly expected: string | undefined;
  readonly found: string | undefined;
  readonly remedy: string | undefined;
  readonly details: readonly string[];

  constructor(fault: Fault) {
    super(sentence(fault), 'cause' in fault ? { cause: fault.cause } : undefined);
    this.name = new.target.name;
    this.file = fault.file;
    this.problem = fault.problem;
    this.expected = fault.expected;
    this.found = fault.found;
    this.remedy = fault.remedy;
    this.details = fault.details ?? [];
  }
}

/** A flag, an option or an argument of a public function is wrong. */
export class UsageError extends CandorError {
  readonly tag = 'UsageError';
}

/** A data-set folder or its `dataset.json` is missing, unreadable or inconsistent. */
export class DatasetError extends CandorError {
  readonly tag = 'DatasetError';
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

/** An image with nothing in it: no finite voxel, or all voxels alike, as stored or under every plan's intensities. */
export class EmptyImageError extends CandorError {
  readonly tag = 'EmptyImageError';
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

  constructor(fault: Fault = { problem: 'cancelled' }) {
    super(fault);
  }
}

/** A graph was built with tensors that do not fit together; names the op, the tensors and their shapes. */
export class GraphError extends CandorError {
  readonly tag = 'GraphError';
}

/** The engine refused a graph or failed while running it (out of memory, a device that is not there). */
export class EngineError extends CandorError {
  readonly tag = 'EngineError';
}

const classes: Readonly<Record<ErrorTag, new (fault: Fault) => CandorError>> = {
  UsageError,
  DatasetError,
  ImageFormatError,
  GeometryError,
  ModelFormatError,
  UnsupportedError,
  EmptyImageError,
  PlanError,
  RunError,
  OutputError,
  CancelledError,
  GraphError,
  EngineError,
};

/** The same error of the file that only its catcher knows. */
export function errorOn(file: string, error: CandorError): CandorError {
  return new classes[error.tag]({ ...error, file, cause: error });
}

/**
 * Narrow an unknown value to a Candor error.
 * @example
 * try {
 *   await inspect('model.onnx');
 * } catch (error) {
 *   if (!isCandorError(error)) throw error;
 *   console.error(error.tag, error.file, error.remedy ?? error.message);
 * }
 */
export function isCandorError(error: unknown): error is CandorError {
  return error instanceof CandorError;
}

/** Throw {@link CancelledError} if the signal has fired. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CancelledError();
}

/** An error between threads: a structured clone keeps its message but loses its class, and so its tag. */
export interface CarriedError {
  /** Null for an error that is not Candor's. */
  readonly tag: ErrorTag | null;
  readonly fields: Omit<Fault, 'cause'>;
  readonly message: string;
  readonly stack: string | undefined;
}

/** What {@link unpackError} makes the error of again, in another thread. */
export function packError(error: unknown): CarriedError {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  if (!isCandorError(error)) return { tag: null, fields: {}, message, stack };
  const { tag, file, problem, expected, found, remedy, details } = error;
  return { tag, fields: { file, problem, expected, found, remedy, details }, message, stack };
}

/** The error with its class and fields; an unknown one is an internal error there as it would be here. */
export function unpackError({ tag, fields, message, stack }: CarriedError): Error {
  if (tag === null) return Object.assign(new Error(message), { stack });
  return Object.assign(new classes[tag](fields), { message, stack });
}

/** Errors between threads: a structured clone keeps an error's message but loses its class, and so its tag. */
import * as errors from '../errors.js';

export interface CarriedError {
  /** Class name of an error of Candor; null for any other. */
  readonly name: string | null;
  readonly message: string;
  readonly stack: string | undefined;
}

export function packError(error: unknown): CarriedError {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { name: errors.isCandorError(error) ? error.name : null, message, stack };
}

/** The error with its class; an unknown one is an internal error there as it would be here. */
export function unpackError({ name, message, stack }: CarriedError): Error {
  const Known = kinds.get(name ?? '') ?? Error;
  return Object.assign(new Known(message), { stack });
}

const kinds = new Map(
  [
    ...[errors.UsageError, errors.DatasetError, errors.ImageFormatError, errors.GeometryError],
    ...[errors.ModelFormatError, errors.UnsupportedError, errors.RunError, errors.OutputError],
    ...[errors.CancelledError, errors.GraphError, errors.EngineError],
  ].map((Kind) => [Kind.name, Kind as new (message: string) => Error]),
);

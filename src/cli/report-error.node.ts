/** Errors as users meet them: one line on stderr, more only when asked for. */
import { isCandorError } from '../errors.js';
import { exitCodeOf, exitCodes } from './exit-code.js';
import { plainText } from './text.js';

/** One line, whatever the message holds: file names come from outside. */
export function reportError(message: string): void {
  process.stderr.write(`error: ${plainText(message)}\n`);
}

/** Tell the user what was thrown, several faults in a line each; returns the exit code that it means. */
export function reportFailure(error: unknown): number {
  const code = exitCodeOf(error);
  const debug = process.env.CANDOR_DEBUG !== undefined && process.env.CANDOR_DEBUG !== '';
  if (code === exitCodes.cancelled) process.stderr.write(`${plainText((error as Error).message)}\n`);
  else if (isCandorError(error) && error.details.length > 0) error.details.forEach(reportError);
  else reportError(error instanceof Error ? error.message || error.name : String(error));
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n${causes(error)}`);
  else if (code === exitCodes.internal) process.stderr.write(hint(error));
  return code;
}

function hint(error: unknown): string {
  const what = isCandorError(error) ? 'If this should have worked' : 'This is a fault of Candor';
  return `${what}, please report it with what is shown when CANDOR_DEBUG=1 is set.\n`;
}

function causes({ cause }: Error): string {
  return cause instanceof Error ? `caused by ${cause.stack}\n${causes(cause)}` : '';
}

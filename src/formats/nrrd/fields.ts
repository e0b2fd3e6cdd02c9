/** The lines of a NRRD header (teem.sourceforge.net/nrrd/format.html). */
import { ImageFormatError } from '../../errors.js';
import { describeForeign } from '../foreign.js';
import { latin1, MAXIMUM_TEXT_HEADER } from '../text/text-header.js';

/** Fields by name: lower case, without blanks, so that the two spellings of some are one. */
export interface NrrdFields {
  readonly fields: ReadonlyMap<string, string>;
  /** First byte after the blank line that ends the header; null where there is none. */
  readonly end: number | null;
}

export function isNrrd(start: Uint8Array): boolean {
  return /^NRRD000[1-5]\r?\n/.test(latin1(start.subarray(0, 10)));
}

/**
 * Field lines up to the blank line that ends the header; key/value pairs (`:=`) are not fields.
 * @throws {ImageFormatError} if the file is foreign, or its header too long
 */
export function readFields(start: Uint8Array, file: string): NrrdFields {
  if (!isNrrd(start)) {
    throw new ImageFormatError({ file, expected: 'a NRRD image, as its name says', found: describeForeign(start) });
  }
  const text = latin1(start);
  const fields = new Map<string, string>();
  for (let at = text.indexOf('\n') + 1; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(at, end).replace(/\r$/, '');
    at = end + 1;
    if (line === '') return { fields, end: at };
    const [, key, value] = /^([^#:][^:]*): (.*)$/.exec(line) ?? [];
    if (key !== undefined) fields.set(key.toLowerCase().replaceAll(' ', ''), value.trim());
  }
  if (text.length >= MAXIMUM_TEXT_HEADER) {
    throw new ImageFormatError({
      file,
      expected: `a NRRD header of at most ${MAXIMUM_TEXT_HEADER} bytes`,
      found: 'no blank line that ends it',
    });
  }
  return { fields, end: null };
}

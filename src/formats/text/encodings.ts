/** Voxels written as text: numbers between blanks, or hexadecimal digits. */
import { ImageFormatError } from '../../errors.js';

/** A number as C's programs write it; null for none. */
export function parseNumber(text: string): number | null {
  const special = /^([+-]?)(nan|inf(?:inity)?)$/i.exec(text);
  if (special) return /nan/i.test(special[2]) ? Number.NaN : special[1] === '-' ? -Infinity : Infinity;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : null;
}

/** Blanks, and the brackets and commas that NRRD allows between numbers. */
const isSeparator = (byte: number) => byte <= 32 || (byte !== 43 && byte !== 45 && byte !== 46 && separators.has(byte));
const separators = new Set([...',{}()'].map((character) => character.charCodeAt(0)));

/**
 * The first `wanted` numbers; null where there are fewer.
 * @throws {ImageFormatError} for what is no number
 */
export function textNumbers(bytes: Uint8Array, wanted: number, file: string): Float32Array | null {
  const values = new Float32Array(wanted);
  let at = 0;
  for (let i = 0; i < wanted; i++) {
    while (at < bytes.length && isSeparator(bytes[at])) at++;
    const from = at;
    while (at < bytes.length && !isSeparator(bytes[at])) at++;
    if (at === from) return null;
    const text = String.fromCharCode(...bytes.subarray(from, Math.min(at, from + 64)));
    const value = parseNumber(text);
    if (value === null) {
      const found = `${JSON.stringify(text.slice(0, 20))}: the voxels are damaged`;
      throw new ImageFormatError({ file, expected: 'voxels as numbers in text', found });
    }
    values[i] = value;
  }
  return values;
}

/**
 * The first bytes of hexadecimal text, blanks left out; fewer where it ends before.
 * @throws {ImageFormatError} for what is no digit
 */
export function hexBytes(text: Uint8Array, wanted: number, file: string): Uint8Array {
  const bytes = new Uint8Array(wanted);
  let digits = 0;
  for (let at = 0; at < text.length && digits < 2 * wanted; at++) {
    if (text[at] <= 32) continue;
    const digit = Number.parseInt(String.fromCharCode(text[at]), 16);
    if (Number.isNaN(digit)) {
      const found = `the byte ${text[at]}: the voxels are damaged`;
      throw new ImageFormatError({ file, expected: 'voxels as hexadecimal digits', found });
    }
    bytes[digits >> 1] = (bytes[digits >> 1] << 4) | digit;
    digits++;
  }
  return bytes.subarray(0, digits >> 1);
}

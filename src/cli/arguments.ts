/** Flags come as text: read strictly, with messages that name the flag, what was expected and what was found. */
import { z } from 'zod';
import { UsageError } from '../errors.js';
import type { Vec3 } from '../math/vector.js';
import { devices } from '../runtime/session.js';

const decimalNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Text that fails with `expected ...` unless `read` gives a value. */
function textAs<T>(expected: string, read: (text: string) => T | undefined) {
  return z.string().transform((text, context): T => {
    const value = read(text);
    if (value === undefined) {
      context.addIssue(`expected ${expected}, found "${text}"`);
      return z.NEVER;
    }
    return value;
  });
}

function readNumber(text: string): number | undefined {
  const value = decimalNumber.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

/** A whole number from `least` to `most`. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  return textAs(`a whole number ${range}`, (text) => {
    const value = readNumber(text);
    return value !== undefined && Number.isInteger(value) && value >= least && value <= most ? value : undefined;
  });
}

/** Any number for which `holds` is true; `expected` says which. */
export function realNumber(expected: string, holds: (value: number) => boolean = () => true) {
  return textAs(expected, (text) => {
    const value = readNumber(text);
    return value !== undefined && holds(value) ? value : undefined;
  });
}

/** One of a few words. */
export function oneOf<const T extends string>(words: readonly T[]) {
  const all = `${words.slice(0, -1).join(', ')} or ${words[words.length - 1]}`;
  return textAs(all, (text) => words.find((word) => word === text));
}

function readTriple(text: string, holds: (value: number) => boolean): Vec3 | undefined {
  const parts = text.split(',').map((part) => readNumber(part.trim()));
  const good = (value: number | undefined): value is number => value !== undefined && holds(value);
  return parts.length === 3 && parts.every(good) ? [parts[0], parts[1], parts[2]] : undefined;
}

const byteUnits: Readonly<Record<string, number>> = {
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** An amount of bytes with its unit, "20GB". */
export const byteSize = textAs('a size such as 500MB or 20GB', (text) => {
  const [, amount, unit] = /^([\d.]+) ?([kmgt]i?b)$/i.exec(text) ?? [];
  const value = amount === undefined ? undefined : readNumber(amount);
  return value === undefined ? undefined : Math.round(value * byteUnits[unit.toLowerCase()]);
});

/** Three whole numbers above 0, "48,48,32". */
export const voxelTriple = textAs('three whole numbers above 0, such as 48,48,32', (text) =>
  readTriple(text, (value) => Number.isInteger(value) && value > 0 && value <= 4096),
);

/** How the grid's spacing is chosen: two words or three numbers in mm. */
export const spacingChoice = textAs('common, per-task, or three numbers above 0 in mm, such as 1,1,2.5', (text) =>
  text === 'common' || text === 'per-task' ? text : readTriple(text, (value) => value > 0),
);

/** A level of false alarms. */
export const alphaNumber = realNumber('a number between 0 and 1', (value) => value > 0 && value < 1);

/** Flags of every verb that runs a network. */
export const engineFlags = {
  threads: wholeNumber(1, 1024).optional(),
  device: oneOf(devices).optional(),
};

/** Flags about what is shown. */
export const outputFlags = {
  json: z.boolean().default(false),
  quiet: z.boolean().default(false),
};

/**
 * Read a verb's flags.
 * @param flags as commander gives them: text, lists of text and booleans by camelCase name
 * @throws {UsageError} naming the first flag that is wrong
 */
export function readFlags<Schema extends z.ZodType>(schema: Schema, flags: unknown): z.output<Schema> {
  const parsed = schema.safeParse(flags);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0];
  throw new UsageError(path.length === 0 ? `${message}.` : `${flagName(String(path[0]))}: ${message}.`);
}

/** "saveProbabilities" -> "--save-probabilities". */
function flagName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

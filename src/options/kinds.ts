/** Kinds of values that options have: what a program may give, how a flag's text is read, and the words for both. */
import { z } from 'zod';
import type { Vec3 } from '../math/vector.js';

export interface Kind<T> {
  /** Of the value. */
  readonly schema: z.ZodType<T>;
  /** In words, after "expected". */
  readonly expected: string;
  /** What a flag's text, or nothing but the flag, stands for; undefined where it is no such value. */
  readonly read: (given: unknown) => T | undefined;
}

const decimalNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function readNumber(text: unknown): number | undefined {
  const value = typeof text === 'string' && decimalNumber.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

/** A kind whose text is read first and then held against the schema. */
function kind<T>(expected: string, schema: z.ZodType<T>, read: (given: unknown) => unknown): Kind<T> {
  return { schema, expected, read: (given) => schema.safeParse(read(given)).data };
}

/** Any text, such as a path or a name. */
export const text: Kind<string> = kind('a text', z.string(), (given) => given);

/** One text or more. */
export const texts: Kind<readonly string[]> = kind('a list of texts', z.array(z.string()), (given) => given);

/** A flag without a value. */
export const yes: Kind<boolean> = kind('true or false', z.boolean(), (given) => given);

/** A path, or false for none. */
export const textOrNone: Kind<string | false> = kind(
  'a text or false',
  z.union([z.string(), z.literal(false)]),
  (given) => given,
);

/** A whole number from `least` to `most`. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): Kind<number> {
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  return kind(`a whole number ${range}`, z.number().int().min(least).max(most), readNumber);
}

/** Any finite number for which `holds` is true; `expected` says which. */
export function realNumber(expected: string, holds: (value: number) => boolean = () => true): Kind<number> {
  return kind(expected, z.number().refine(holds), readNumber);
}

/** One of a few words. */
export function oneOf<const T extends string>(words: readonly T[]): Kind<T> {
  const all = `${words.slice(0, -1).join(', ')} or ${words[words.length - 1]}`;
  return kind(all, z.enum(words) as unknown as z.ZodType<T>, (given) => given);
}

/** An amount of bytes; as text with its unit, "20GB". */
export const byteSize: Kind<number> = kind('a size such as 500MB or 20GB', z.number().min(0), (given) => {
  const [, amount, unit] = /^([\d.]+) ?([kmgt]i?b)$/i.exec(String(given)) ?? [];
  const value = amount === undefined ? undefined : readNumber(amount);
  return value === undefined ? undefined : Math.round(value * byteUnits[unit.toLowerCase()]);
});

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

const triple = (one: z.ZodNumber): z.ZodType<Vec3> => z.tuple([one, one, one]);

/** "48,48,32" */
function readTriple(given: unknown): unknown {
  return typeof given === 'string' ? given.split(',').map((part) => readNumber(part.trim())) : undefined;
}

/** Three whole numbers above 0. */
export const voxelTriple: Kind<Vec3> = kind(
  'three whole numbers above 0, such as 48,48,32',
  triple(z.number().int().min(1).max(4096)),
  readTriple,
);

/** How the grid's spacing is chosen: two words or three numbers in mm. */
export const spacingChoice: Kind<'common' | 'per-task' | Vec3> = kind(
  'common, per-task, or three numbers above 0 in mm, such as 1,1,2.5',
  z.union([z.enum(['common', 'per-task']), triple(z.number().positive())]),
  (given) => (given === 'common' || given === 'per-task' ? given : readTriple(given)),
);

/** A bound on the share of false alarms. */
export const alphaNumber = realNumber('a number between 0 and 1', (value) => value > 0 && value < 1);

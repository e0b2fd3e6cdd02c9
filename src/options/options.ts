/**
 * A verb's options as a table, a row each: from it come the types of the library, the flags and help of the command
 * line, the check of values, defaults, and what of a run is written down and compared when it is gone on with.
 */
import { z } from 'zod';
import { UsageError } from '../errors.js';
import type { Kind } from './kinds.js';

export interface Option<T, Needed extends boolean = boolean> {
  readonly kind: Kind<T>;
  /** As commander takes it: `-o, --output <file>`. */
  readonly flag: string;
  /** What help says. */
  readonly help: string;
  readonly needed: Needed;
  /** Help of the flag's negation, where it has one. */
  readonly negation?: string;
}

/** An option whose value a result depends on: written down with it, and compared when the work is gone on with. */
export interface RecordedOption<T, Kept> extends Option<T, false> {
  readonly record: {
    /** Written down where no value is given; null: left to the verb. */
    readonly default: Kept;
    /** Whether work that was begun with one value may go on with another; default: never. */
    readonly mayBecome?: (before: unknown, now: T) => boolean;
  };
}

export type Options = Readonly<Record<string, Option<unknown>>>;

type Value<O> = O extends { readonly kind: Kind<infer T> } ? T : never;
type NeededKeys<O extends Options> = { [K in keyof O]: O[K]['needed'] extends true ? K : never }[keyof O];

/** What a program gives: the needed options and any of the others. */
export type OptionsOf<O extends Options> = { readonly [K in NeededKeys<O>]: Value<O[K]> } & {
  readonly [K in Exclude<keyof O, NeededKeys<O>>]?: Value<O[K]>;
};

/** What is written down: each recorded option, its default where it was not given. */
export type RecordOf<O extends Options> = {
  readonly [K in keyof O as O[K] extends { readonly record: unknown } ? K : never]: O[K] extends {
    readonly record: { readonly default: infer Kept };
  }
    ? Kept
    : never;
};

/** An option that must be given. */
export function needed<T>(kind: Kind<T>, flag: string, help: string): Option<T, true> {
  return { kind, flag, help, needed: true };
}

/** An option that may be given. @param negation help of its `--no-` flag */
export function optional<T>(kind: Kind<T>, flag: string, help: string, negation?: string): Option<T, false> {
  return { kind, flag, help, needed: false, ...(negation !== undefined && { negation }) };
}

/** An option that a result depends on, with a default that help names. */
export function recorded<T>(
  kind: Kind<T>,
  flag: string,
  help: string,
  value: NoInfer<T>,
  rule: { readonly hidden?: boolean; readonly mayBecome?: (before: unknown, now: T) => boolean } = {},
): RecordedOption<T, T> {
  const { hidden = false, mayBecome } = rule;
  const shown = hidden ? help : `${help} (default: ${String(value)})`;
  return { ...optional(kind, flag, shown), record: { default: value, ...(mayBecome && { mayBecome }) } };
}

/** An option that a result depends on and that is the verb's to choose where it is not given. */
export function recordedIfGiven<T>(
  kind: Kind<T>,
  flag: string,
  help: string,
  negation?: string,
): RecordedOption<T, T | null> {
  return { ...optional(kind, flag, help, negation), record: { default: null } };
}

/** The table as one schema. */
export function schemaOf(options: Options): z.ZodObject {
  return z.object(
    Object.fromEntries(
      Object.entries(options).map(([name, { kind, needed }]) => [name, needed ? kind.schema : kind.schema.optional()]),
    ),
  );
}

/**
 * Hold a program's values against the table; what else the object holds is not looked at.
 * @throws UsageError naming the first option that is wrong
 */
export function validateOptions(options: Options, values: object): void {
  const parsed = schemaOf(options).safeParse(values);
  if (parsed.success) return;
  const name = String(parsed.error.issues[0].path[0]);
  throw invalidValue(name, options[name], (values as Readonly<Record<string, unknown>>)[name]);
}

/**
 * Read the flags of a command line.
 * @param given text, lists of text and booleans by the flag's name in camelCase, as commander gives them
 * @throws UsageError naming the first flag that is wrong
 */
export function readFlags<const O extends Options>(options: O, given: Readonly<Record<string, unknown>>): OptionsOf<O> {
  const values = Object.entries(options).flatMap(([name, option]) => {
    const found = given[camelCase(flagOf(option))];
    if (found === undefined) return [];
    const value: unknown = option.kind.read(found);
    if (value === undefined) throw invalidValue(flagOf(option), option, found);
    return [[name, value] as const];
  });
  return Object.fromEntries(values) as OptionsOf<O>;
}

function invalidValue(file: string, { kind }: Option<unknown>, found: unknown): UsageError {
  const said = typeof found === 'string' ? `"${found}"` : (JSON.stringify(found) ?? 'nothing');
  // JSON has no NaN and no infinity.
  return new UsageError({ file, expected: kind.expected, found: typeof found === 'number' ? String(found) : said });
}

/** "--learning-rate" -> "learningRate" */
function camelCase(flag: string): string {
  return flag.slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** "--learning-rate" */
export function flagOf({ flag }: Pick<Option<unknown>, 'flag'>): string {
  return /--[\w-]+/.exec(flag)![0];
}

/** What is to be written down of a program's values. */
export function recordOf<O extends Options>(options: O, values: object): RecordOf<O> {
  const given = values as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    recordedOptions(options).map(([name, { record }]) => [name, given[name] ?? record.default]),
  ) as RecordOf<O>;
}

/** The recorded options of a table. */
export function recordedOptions(options: Options): [string, RecordedOption<unknown, unknown>][] {
  return Object.entries(options).filter(
    (entry): entry is [string, RecordedOption<unknown, unknown>] => 'record' in entry[1],
  );
}

/** A table with further rows after one of its own: the order is that of the help. */
export function withAfter<A extends Options, B extends Options>(options: A, name: keyof A & string, more: B): A & B {
  const rows = Object.entries(options);
  const at = rows.findIndex(([key]) => key === name) + 1;
  return Object.fromEntries([...rows.slice(0, at), ...Object.entries(more), ...rows.slice(at)]) as A & B;
}

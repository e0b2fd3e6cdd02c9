/** JSON from outside, with a bound on what it may cost: two bytes of text can be an object of fifty bytes. */
import { z } from 'zod';

/** Issues that a list or a record reports before it stops looking. */
const REPORTED = 5;

/**
 * Parse JSON of at most so many values (items of lists and entries of objects; counted in the text, so that
 * separators within strings count too).
 * @throws an Error that says in a phrase what is wrong: callers name the file
 */
export function parseJson(text: string, maximumValues: number): unknown {
  let values = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // , [ {
    if (code === 44 || code === 91 || code === 123) values++;
  }
  if (values > maximumValues) throw new Error(`more than ${maximumValues} values`);
  return JSON.parse(text);
}

function checkEach<T>(entries: Iterable<[string | number, unknown]>, item: z.ZodType<T>, ctx: z.RefinementCtx) {
  const valid: [string | number, T][] = [];
  let bad = 0;
  for (const [key, value] of entries) {
    const parsed = item.safeParse(value);
    if (parsed.success) valid.push([key, parsed.data]);
    else {
      const { path, message } = parsed.error.issues[0];
      ctx.addIssue({ code: 'custom', path: [key, ...path], message });
      if (++bad === REPORTED) break;
    }
  }
  return valid;
}

/** As `z.array`, but stops at the first few faults: zod collects them all, a million as well. */
export function listOf<T>(item: z.ZodType<T>) {
  return z.array(z.unknown()).transform((list, ctx) => checkEach(list.entries(), item, ctx).map(([, value]) => value));
}

/** As `z.record` with `key` for its keys, but stops at the first few faults. */
export function recordOf<T>(key: z.ZodType<string>, item: z.ZodType<T>) {
  return z.looseObject({}).transform((object, ctx): Record<string, T> => {
    checkEach(
      Object.keys(object).map((name) => [name, name]),
      key,
      ctx,
    );
    return Object.fromEntries(checkEach(Object.entries(object), item, ctx));
  });
}

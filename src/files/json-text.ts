/** What `JSON.parse` does not tell of a text: the line of a fault, and keys that are given twice, of which it takes the last. */
import { createScanner, type ParseError, parse, printParseErrorCode } from 'jsonc-parser';

/** Where and why a text is no JSON, in a phrase; undefined where its nesting is too deep to tell. */
export function jsonFault(text: string): string | undefined {
  const errors: ParseError[] = [];
  try {
    parse(text, errors, { allowTrailingComma: false, disallowComments: true, allowEmptyContent: false });
  } catch (error) {
    // Deeper than the call stack.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  if (errors.length === 0) return undefined;
  const { error, offset } = errors[0];
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  const [found] = text.slice(offset);
  const surplus = before.trimEnd().endsWith(',') && (found === '}' || found === ']');
  const what =
    found === undefined
      ? 'the text ends early'
      : surplus
        ? `a comma before the closing ${found}`
        : `${words(printParseErrorCode(error))} at ${JSON.stringify(text.slice(offset, offset + 20).split('\n')[0])}`;
  return `line ${line}: ${what}`;
}

/** "PropertyNameExpected" -> "property name expected". */
function words(code: string): string {
  return code.replace(/(?<!^)([A-Z])/g, ' $1').toLowerCase();
}

/** Keys that an object of a valid JSON text has more than once, with the line of the second. */
export function repeatedKeys(text: string): { readonly key: string; readonly line: number }[] {
  const scanner = createScanner(text, true);
  const repeated: { key: string; line: number }[] = [];
  // An explicit stack, since nesting may be deeper than the call stack; null for a list.
  const open: (Set<string> | null)[] = [];
  let last: { key: string; line: number } | undefined;
  for (scanner.scan(); scanner.getTokenLength() > 0; scanner.scan()) {
    const first = text[scanner.getTokenOffset()];
    if (first === '{') open.push(new Set());
    else if (first === '[') open.push(null);
    else if (first === '}' || first === ']') open.pop();
    else if (first === '"') last = { key: scanner.getTokenValue(), line: scanner.getTokenStartLine() + 1 };
    else if (first === ':' && last) {
      const keys = open.at(-1);
      if (keys?.has(last.key)) repeated.push(last);
      keys?.add(last.key);
    }
  }
  return repeated;
}

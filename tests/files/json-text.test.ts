import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, test } from 'vitest';
import { jsonFault, repeatedKeys } from '../../src/files/json-text.js';
import { readPlainText } from '../../src/files/read.node.js';

test.each([
  ['{"a": [1, 2,]}', 'line 1: a comma before the closing ]'],
  ['{"a": 1,\n}', 'line 2: a comma before the closing }'],
  ['{\n"a": 1\n"b": 2}', 'line 3: comma expected at "\\"b\\": 2}"'],
  ['{"a": {"b": 1}', 'line 1: the text ends early'],
  ['// cases\n{}', 'line 1: invalid comment token at "// cases"'],
])('says where %j is no JSON', (text, fault) => {
  expect(() => JSON.parse(text)).toThrow();
  expect(jsonFault(text)).toBe(fault);
});

it('takes nesting beyond the stack', () => {
  expect(jsonFault('['.repeat(200_000))).toBeUndefined();
  expect(repeatedKeys('['.repeat(200_000) + ']'.repeat(200_000))).toEqual([]);
});

it('finds keys that one object has twice, and no others', () => {
  const text = '{"a": {"a": 1, "b": [{"a": ":"}, {"a": 2}]},\n"b": "b", "\\u0061": 3,\n"b": {"c": 1, "c": 2}}';
  expect(repeatedKeys(text)).toEqual([
    { key: 'a', line: 2 },
    { key: 'b', line: 3 },
    { key: 'c', line: 3 },
  ]);
});

describe('plain text', () => {
  const folder = mkdtempSync(join(tmpdir(), 'candor-text-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const read = (bytes: Uint8Array) => {
    writeFileSync(join(folder, 'text'), bytes);
    return readPlainText(join(folder, 'text'), 1000);
  };
  const text = '{"name": "Kopf–Hals"}';
  const little = Buffer.from(text, 'utf16le');
  const big = Buffer.from(little).swap16();

  test.each([
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with a mark', Buffer.from(`\uFEFF${text}`)],
    ['UTF-16', little],
    ['UTF-16 with a mark', Buffer.concat([Buffer.of(0xff, 0xfe), little])],
    ['UTF-16, the other way round', big],
    ['UTF-16 with a mark, the other way round', Buffer.concat([Buffer.of(0xfe, 0xff), big])],
  ])('is read from %s', async (_, bytes) => {
    expect(await read(bytes)).toBe(text);
  });

  it('in another encoding is refused, rather than read as other names', async () => {
    await expect(read(Buffer.from('{"name": "Schädel"}', 'latin1'))).rejects.toThrow(/not UTF-8/);
  });
});

/** Damaged model files; those with a changed record carry a checksum that fits it. */
import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type ModelProto, ModelProtoSchema, StringStringEntryProtoSchema } from '../../src/graph/onnx/onnx_pb.js';
import { encodeModelFile } from '../../src/model/model-file.js';
import { makeBallModel } from '../support/ball-model.js';
import type { Corpus, Entry } from './corpus.js';

type Json = ReturnType<typeof JSON.parse>;

export async function addModels(corpus: Corpus): Promise<void> {
  const bytes = await encodeModelFile(await makeBallModel());
  const add = (kind: string, changed: Uint8Array, expect: Entry['expect'], more: Partial<Entry> = {}) =>
    corpus.add('m.onnx', changed, { reader: 'model', kind: `model ${kind}`, expect, ...more });
  add('untouched', bytes, 'valid');
  for (const cut of corpus.truncations(bytes, 150)) add('truncated', cut, 'error');
  for (let i = 0; i < 250; i++) add('bits', corpus.flipped(bytes, 0, bytes.length, 1 + (i % 3)), 'either');
  for (const garbage of [1, 2, 16, 4096]) {
    const tail = Uint8Array.from({ length: garbage }, () => corpus.integer(256));
    add('trailing garbage', Buffer.concat([bytes, tail]), 'either');
  }
  const edited = (change: (proto: ModelProto) => void): Uint8Array => {
    const proto = fromBinary(ModelProtoSchema, bytes.slice());
    change(proto);
    return toBinary(ModelProtoSchema, proto);
  };
  /** A record or an array changed, and the checksum with it. */
  const resealed = (change: (metadata: Map<string, string>) => void): Uint8Array =>
    edited((proto) => {
      const metadata = new Map(proto.metadataProps.map(({ key, value }) => [key, value]));
      change(metadata);
      const own = [...metadata].filter(([key]) => key === 'candor' || key.startsWith('candor.'));
      const sorted = JSON.stringify(own.sort(([a], [b]) => (a < b ? -1 : 1)));
      metadata.set('candor-sha256', createHash('sha256').update(sorted).digest('hex'));
      proto.metadataProps = [...metadata].map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
    });
  const record = (change: (json: Json) => void) =>
    resealed((metadata) => {
      const json = JSON.parse(metadata.get('candor')!);
      change(json);
      metadata.set('candor', JSON.stringify(json));
    });
  add(
    'resealed',
    record(() => undefined),
    'valid',
  );
  const wrong = [null, 0, -1, 0.5, 1e308, '', 'x', [], {}, [null], { a: 1 }, true, '__proto__', 2 ** 53];
  addEveryValue(JSON.parse(record0(bytes)), (place, set) => {
    for (const value of wrong) {
      if (corpus.random.uniform() < 0.35)
        add(
          `record: ${place}`,
          record((json) => set(json, value)),
          'either',
        );
    }
  });
  for (const version of [0, 1, 99, -1, 1.5]) {
    add(
      'version',
      record((json) => Object.assign(json, { version })),
      'error',
    );
  }
  for (const name of ['__proto__', '', '.', '..', 'a/b', '../x', 'a\nb', 'n'.repeat(5000)]) {
    add(
      'refused task name',
      record((json) => {
        json.tasks[0].name = json.ood.tasks[0].name = name;
      }),
      'error',
    );
  }
  for (const name of ['constructor', 'toString', 'hasOwnProperty', '心臓']) {
    add(
      'odd task name',
      record((json) => {
        json.tasks[0].name = json.ood.tasks[0].name = name;
      }),
      'valid',
    );
  }
  const weighed = { weighed: true, allowance: 2 ** 26 };
  const rewritten = (text: (old: string) => string) =>
    resealed((metadata) => metadata.set('candor', text(metadata.get('candor')!)));
  for (const deep of [1e3, 1e5, 5e6]) {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ]) {
      const nested = (old: string) => old.replace('{', `{"deep":${open.repeat(deep / 2)}0${close.repeat(deep / 2)},`);
      add('deep nesting', rewritten(nested), 'either', weighed);
    }
  }
  for (const value of ['0', '[]', '{}', '""']) {
    const list = `[${new Array<string>(2_000_000).fill(value).join(',')}]`;
    const shorter = `[${new Array<string>(80_000).fill(value).join(',')}]`;
    for (const key of ['tasks', 'tensors', 'settings', 'foreground', 'channels']) {
      for (const huge of [list, shorter]) {
        add(
          'huge array',
          rewritten((old) => old.replace(new RegExp(`"${key}":`), `"${key}":${huge},"old":`)),
          'either',
          weighed,
        );
      }
    }
  }
  for (const text of ['!', 'AAA', 'A', '====', '\u0000', '脑', ' ', 'AAAA'.repeat(2 ** 20)]) {
    add(
      'bad base64',
      resealed((metadata) => metadata.set('candor.bank', text)),
      'error',
      weighed,
    );
  }
  add(
    'prototype keys',
    rewritten((old) => old.replace('{', '{"__proto__":{"polluted":1},')),
    'either',
  );
  add(
    'prototype keys',
    resealed((metadata) => metadata.set('candor.__proto__', 'AAAAAA==')),
    'valid',
  );
  addTensors(corpus, add, edited);
  addWire(bytes, add);
  corpus.addPipe((folder) => [path.join(folder, 'm.onnx'), path.join(folder, 'm.onnx')], {
    reader: 'model',
    kind: 'model is no file',
    expect: 'error',
  });
  for (const target of ['.', 'm.onnx', '/dev/zero', '/nowhere']) {
    corpus.addMade(
      (folder) => {
        symlinkSync(target, path.join(folder, 'm.onnx'));
        return path.join(folder, 'm.onnx');
      },
      { reader: 'model', kind: 'model is no file', expect: 'error' },
    );
  }
  corpus.addMade(
    (folder) => {
      mkdirSync(path.join(folder, 'm.onnx'));
      return path.join(folder, 'm.onnx');
    },
    { reader: 'model', kind: 'model is no file', expect: 'error' },
  );
}

const record0 = (bytes: Uint8Array): string =>
  fromBinary(ModelProtoSchema, bytes.slice()).metadataProps.find(({ key }) => key === 'candor')!.value;

/** Every place of a record, by path. */
function addEveryValue(
  record: Json,
  visit: (place: string, set: (json: Json, value: unknown) => void) => void,
  at: (string | number)[] = [],
): void {
  if (typeof record !== 'object' || record === null) return;
  for (const key of Object.keys(record)) {
    const here = [...at, key];
    visit(here.join('.'), (json, value) => {
      const parent = at.reduce((inner, step) => inner[step], json);
      parent[key] = value;
    });
    if (at.length < 4) addEveryValue(record[key], visit, here);
  }
}

type Add = (kind: string, bytes: Uint8Array, expect: Entry['expect'], more?: Partial<Entry>) => void;

function addTensors(corpus: Corpus, add: Add, edited: (change: (proto: ModelProto) => void) => Uint8Array): void {
  const dims = [[], [0n], [-1n], [2n ** 31n], [2n ** 62n], [2n ** 32n, 2n ** 32n], [-4n, -27n], [1n, 1n, 1n, 1n, 1n]];
  for (let i = 0; i < 40; i++) {
    add(
      'tensor dimensions',
      edited(({ graph }) => {
        const tensor = graph!.initializer[corpus.integer(graph!.initializer.length)];
        tensor.dims = dims[i % dims.length];
        if (i % 3 === 0) tensor.rawData = new Uint8Array();
      }),
      'either',
    );
    add(
      'tensor data',
      edited(({ graph }) => {
        const tensor = graph!.initializer[corpus.integer(graph!.initializer.length)];
        if (i % 2) tensor.rawData = tensor.rawData.slice(1);
        else tensor.floatData = [1, 2, 3];
        if (i % 5 === 0) tensor.dataType = i;
        if (i % 7 === 0) tensor.name = '__proto__';
      }),
      'either',
    );
  }
}

const varint = (n: number): number[] => (n < 128 ? [n] : [(n % 128) + 128, ...varint(Math.floor(n / 128))]);
/** A length-delimited field. */
const field = (number: number, content: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.from([...varint(number * 8 + 2), ...varint(content.length)]), content]);

/** Small bytes that a library makes large objects of. */
function addWire(bytes: Uint8Array, add: Add): void {
  const weighed = { weighed: true, allowance: 2 ** 26 };
  const repeated = (pair: number[], n: number) => new Uint8Array(pair.length * n).map((_, i) => pair[i % pair.length]);
  const n = 8_000_000;
  const graphs: [string, Uint8Array][] = [
    ['empty nodes', repeated([0x0a, 0], n)],
    ['empty initializers', repeated([0x2a, 0], n)],
    ['packed dimensions', field(5, field(1, new Uint8Array(n)))],
    ['single dimensions', field(5, repeated([0x08, 1], n))],
    ['empty names of inputs', field(1, repeated([0x0a, 0], n))],
    ['unknown fields', repeated([0x78, 1], n)],
  ];
  for (const [kind, graph] of graphs) add(`wire: ${kind}`, Buffer.concat([bytes, field(7, graph)]), 'error', weighed);
  add('wire: empty metadata', Buffer.concat([bytes, repeated([0x72, 0], n)]), 'error', weighed);
  // External data (field 13) is a field that Candor does not read: the tensor has no values.
  const entry = Buffer.concat([field(1, Buffer.from('location')), field(2, Buffer.from('../../etc/passwd'))]);
  const tensor = Buffer.concat([
    Uint8Array.of(0x08, 4, 0x10, 1),
    field(8, Buffer.from('head.bias')),
    field(13, entry),
    Uint8Array.of(0x70, 1),
  ]);
  add('wire: external data', Buffer.concat([bytes, field(7, field(5, tensor))]), 'error');
}

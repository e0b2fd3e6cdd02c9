/** The file format: what goes in comes out, and no damaged file does anything but raise ModelFormatError. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { create, toBinary } from '@bufbuild/protobuf';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelFormatError } from '../../src/errors.js';
import { Graph } from '../../src/graph/graph.js';
import { decodeModel } from '../../src/graph/onnx/decode.js';
import { encodeModel } from '../../src/graph/onnx/encode.js';
import { ModelProtoSchema, TensorProto_DataLocation, TensorProto_DataType } from '../../src/graph/onnx/onnx_pb.js';
import { conv } from '../../src/graph/ops/conv.js';
import { instanceNorm } from '../../src/graph/ops/instance-norm.js';
import { reshape } from '../../src/graph/ops/shape.js';
import { createRandom } from '../../src/math/random.js';

const weight = Float32Array.from({ length: 18 }, (_, i) => Math.fround(Math.sin(i) * 10 ** (i - 9)));

function smallModel(
  metadata: Record<string, string> = { candor: '{"version":1}', unicode: 'Lungenflügel ✓' },
): Uint8Array {
  const graph = new Graph();
  const image = graph.input('image', ['batch', 1, 'height', 'width']);
  const y = conv(image, graph.constant('stem.weight', [2, 1, 3, 3], weight), { pads: [1, 1, 1, 1] });
  graph.constant('unused', [1], new Float32Array(1));
  graph.output(
    'logits',
    instanceNorm(y, graph.constant('scale', [2], Float32Array.of(1, -0)), graph.input('shift', [2])),
  );
  return encodeModel(graph, { metadata, producerVersion: '1.2.3' });
}

describe('encodeModel and decodeModel', () => {
  it('keep names, shapes, weights and metadata', () => {
    const model = decodeModel(smallModel(), 'model.onnx');
    expect(model.producer).toBe('candor 1.2.3');
    expect(model.inputs).toEqual([
      { name: 'image', shape: ['batch', 1, 'height', 'width'] },
      { name: 'shift', shape: [2] },
    ]);
    expect(model.outputs).toEqual([{ name: 'logits', shape: ['batch', 2, 'height', 'width'] }]);
    // Constants that nothing reads are left out.
    expect([...model.weights.keys()]).toEqual(['stem.weight', 'scale']);
    expect(model.weights.get('stem.weight')).toEqual({ shape: [2, 1, 3, 3], data: weight });
    expect(Object.is(model.weights.get('scale')!.data[1], -0)).toBe(true);
    expect(Object.fromEntries(model.metadata)).toEqual({ candor: '{"version":1}', unicode: 'Lungenflügel ✓' });
  });

  it('name the targets of reshapes as inputs where shapes are to be hidden, and nowhere else', () => {
    const graph = new Graph();
    graph.output('y', reshape(graph.input('x', [2, 3]), [3, 2]));
    const inputsOf = (bytes: Uint8Array) => decodeModel(bytes, 'model.onnx').inputs.map(({ shape }) => shape);
    expect(inputsOf(encodeModel(graph))).toEqual([[2, 3]]);
    expect(inputsOf(encodeModel(graph, { hideShapes: true }))).toEqual([[2, 3], [2]]);
  });

  it('keep not-a-number, infinities and subnormal numbers', () => {
    const graph = new Graph();
    const values = Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-45, 3.4e38);
    graph.output('y', graph.constant('odd', [5], values));
    expect(decodeModel(encodeModel(graph), 'model.onnx').weights.get('odd')!.data).toEqual(values);
  });

  it('write the same bytes for the same graph', () => {
    expect(smallModel()).toEqual(smallModel());
  });

  it('read a node Buffer at any offset, and keep no hold of it', () => {
    const bytes = smallModel();
    for (const offset of [0, 1, 2, 3]) {
      const larger = Buffer.alloc(bytes.length + 8, 0x55);
      larger.set(bytes, offset);
      const model = decodeModel(larger.subarray(offset, offset + bytes.length), 'model.onnx');
      larger.fill(0);
      expect(model.weights.get('stem.weight')!.data).toEqual(weight);
    }
  });

  it('read weights and shapes as other programs write them', () => {
    const bytes = toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, {
        irVersion: 8n,
        opsetImport: [{ version: 17n }],
        graph: {
          initializer: [
            { name: 'listed', dims: [2n], dataType: TensorProto_DataType.FLOAT, floatData: [1.5, -2] },
            { name: 'axes', dims: [1n], dataType: TensorProto_DataType.INT64, int64Data: [3n] },
            { name: 'none', dims: [0n, 4n], dataType: TensorProto_DataType.FLOAT },
          ],
          // Older files list initializers among the inputs; a dimension may be left open.
          input: [
            { name: 'listed' },
            {
              name: 'x',
              type: {
                value: {
                  case: 'tensorType',
                  value: { shape: { dim: [{}, { value: { case: 'dimValue', value: 3n } }] } },
                },
              },
            },
          ],
        },
      }),
    );
    const model = decodeModel(bytes, 'model.onnx');
    expect(model.inputs).toEqual([{ name: 'x', shape: ['?', 3] }]);
    expect(model.weights.get('listed')).toEqual({ shape: [2], data: Float32Array.of(1.5, -2) });
    expect(model.weights.get('none')).toEqual({ shape: [0, 4], data: new Float32Array(0) });
    expect(model.weights.has('axes')).toBe(false);
  });

  it('say of weights in a file beside the model what they are, and how to make one file', () => {
    const bytes = toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, {
        irVersion: 8n,
        opsetImport: [{ version: 17n }],
        graph: {
          initializer: [
            {
              name: 'w',
              dims: [1000n],
              dataType: TensorProto_DataType.FLOAT,
              dataLocation: TensorProto_DataLocation.EXTERNAL,
              externalData: [{ key: 'location', value: 'model.onnx.data' }],
            },
          ],
        },
      }),
    );
    expect(() => decodeModel(bytes, 'model.onnx')).toThrow(
      /^model\.onnx: expected a model with its weights inside, found weight w in model\.onnx\.data\. Make one file .*onnx\.save/,
    );
  });
});

/** 'read' or 'refused'; anything else that is thrown fails the test. */
function outcome(bytes: Uint8Array): 'read' | 'refused' {
  try {
    decodeModel(bytes, 'model.onnx');
    return 'read';
  } catch (error) {
    if (!(error instanceof ModelFormatError)) throw error;
    expect(error.message).toMatch(/^model\.onnx: /);
    return 'refused';
  }
}

describe('damaged files', () => {
  const bytes = smallModel({});

  it('are refused when cut short anywhere', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(outcome(bytes.subarray(0, length)), `${length} of ${bytes.length} bytes`).toBe('refused');
    }
    expect(outcome(bytes)).toBe('read');
  });

  it('are read or refused, never worse, with any one bit flipped', () => {
    let refused = 0;
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3] ^= 1 << (bit & 7);
      if (outcome(damaged) === 'refused') refused++;
    }
    // Bits of weights and names cannot be told from intended ones; those of the structure can.
    expect(refused).toBeGreaterThan(bytes.length);
  });

  it('are read or refused, never worse, with bytes changed, left out or put in, and when random', () => {
    const random = createRandom('damage');
    for (let round = 0; round < 3000; round++) {
      let damaged = Array.from(bytes);
      for (let change = random.integer(4); change >= 0; change--) {
        const at = random.integer(damaged.length);
        const kind = random.integer(3);
        if (kind === 0) damaged[at] = random.integer(256);
        else if (kind === 1) damaged.splice(at, 1 + random.integer(8));
        else damaged.splice(at, 0, ...Array.from({ length: 1 + random.integer(8) }, () => random.integer(256)));
      }
      if (round % 10 === 0) damaged = Array.from({ length: random.integer(200) }, () => random.integer(256));
      outcome(Uint8Array.from(damaged));
    }
  });

  it('are refused at once with lengths and nesting beyond the file', () => {
    const huge = [0xff, 0xff, 0xff, 0xff, 0x0f];
    // A graph, a weight and a name of 4 GiB; groups within groups; a varint without end.
    expect(outcome(Uint8Array.of(0x3a, ...huge))).toBe('refused');
    expect(outcome(Uint8Array.of(0x3a, 0x07, 0x2a, ...huge))).toBe('refused');
    expect(outcome(Uint8Array.of(0x12, ...huge))).toBe('refused');
    expect(outcome(new Uint8Array(1_000_000).fill(0x0b))).toBe('refused');
    expect(outcome(new Uint8Array(1_000_000).fill(0xff))).toBe('refused');
  });

  it.each<[string, { dims: bigint[]; rawData?: Uint8Array; floatData?: number[] }, RegExp]>([
    [
      'too few values',
      { dims: [2n, 3n], rawData: new Uint8Array(20) },
      /weight w: expected 6 values for shape \[2, 3\], found 5; the file is damaged/,
    ],
    ['half a value', { dims: [1n], rawData: new Uint8Array(6) }, /expected 1 values .* found 1\.5/],
    ['no values', { dims: [4n] }, /expected 4 values .* found 0/],
    ['negative lengths', { dims: [-1n, -2n], floatData: [1, 2] }, /shape \[-1, -2\]/],
    ['more than any memory', { dims: [2n ** 40n, 2n ** 40n], floatData: [1] }, /found 1;/],
  ])('are refused with weights of %s', (_, tensor, message) => {
    const damaged = create(ModelProtoSchema, {
      irVersion: 9n,
      opsetImport: [{ version: 18n }],
      graph: { initializer: [{ name: 'w', dataType: TensorProto_DataType.FLOAT, ...tensor }] },
    });
    const read = () => decodeModel(toBinary(ModelProtoSchema, damaged), 'model.onnx');
    expect(read).toThrow(ModelFormatError);
    expect(read).toThrow(message);
  });

  it('say what they are not', () => {
    expect(() => decodeModel(new TextEncoder().encode('<!doctype html>'), 'page.html')).toThrow(
      /^page\.html: expected an ONNX model, found bytes that are not one \(/,
    );
    expect(() => decodeModel(new Uint8Array(0), 'empty.onnx')).toThrow(
      'empty.onnx: expected an ONNX model, found a file without a graph or an operator set.',
    );
  });
});

describe('a page or process that forbids code from strings', () => {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'candor-onnx-'));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    await compile(join(root, 'src/graph/onnx/decode.ts'));
    await writeFile(join(folder, 'model.onnx'), smallModel());
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Strip the types of a module and of all that it imports from this repository. */
  async function compile(file: string): Promise<void> {
    const output = ts.transpileModule(await readFile(file, 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true },
    }).outputText;
    const target = join(folder, relative(root, file).replace(/\.ts$/, '.js'));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, output);
    for (const [, path] of output.matchAll(/from ['"](\.[^'"]+)\.js['"]/g)) {
      await compile(resolve(dirname(file), `${path}.ts`));
    }
  }

  it('can decode a model', async () => {
    const script = `
      let forbidden = false;
      try { new Function('return 1')(); } catch { forbidden = true; }
      const { readFileSync } = await import('node:fs');
      const { decodeModel } = await import('./src/graph/onnx/decode.js');
      const { weights, metadata } = decodeModel(readFileSync('model.onnx'), 'model.onnx');
      console.log(JSON.stringify({ forbidden, weights: [...weights.keys()], candor: metadata.get('candor') }));
    `;
    const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '--eval', script];
    const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd: folder });
    expect(JSON.parse(stdout)).toEqual({
      forbidden: true,
      weights: ['stem.weight', 'scale'],
      candor: '{"version":1}',
    });
  });
});

/** The one model file: nothing is lost in it, any runtime opens it, and no damaged or foreign file gets through. */
import { createHash } from 'node:crypto';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { beforeAll, describe, expect, it } from 'vitest';
import { ModelFormatError } from '../../src/errors.js';
import { Graph } from '../../src/graph/graph.js';
import { encodeModel } from '../../src/graph/onnx/encode.js';
import { ModelProtoSchema, StringStringEntryProtoSchema } from '../../src/graph/onnx/onnx_pb.js';
import { relu } from '../../src/graph/ops/elementwise.js';
import { openNetwork } from '../../src/inference/network.js';
import { runScan } from '../../src/inference/scan.js';
import type { Model } from '../../src/model/model.js';
import { decodeModelFile, encodeModelFile } from '../../src/model/model-file.js';
import { built } from '../../src/networks/network.js';
import { judge } from '../../src/ood/verdict.js';
import { ort } from '../../src/runtime/engine.node.js';
import { architecture, makeBallModel, runtime } from '../support/ball-model.js';
import { ballTasks, makeBall } from '../support/balls.js';
import { digest } from '../support/digest.js';

let model: Model;
let bytes: Uint8Array;
beforeAll(async () => {
  model = await makeBallModel();
  bytes = await encodeModelFile(model);
});

type Metadata = Record<string, string>;

/** The file with other metadata and a checksum that fits them, unless that is changed too. */
function withMetadata(change: (metadata: Metadata) => void): Uint8Array {
  const proto = fromBinary(ModelProtoSchema, bytes.slice());
  const metadata: Metadata = Object.assign(
    Object.create(null),
    Object.fromEntries(proto.metadataProps.map(({ key, value }) => [key, value])),
  );
  delete metadata['candor-sha256'];
  change(metadata);
  metadata['candor-sha256'] ??= checksum(metadata);
  proto.metadataProps = Object.entries(metadata).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
  return toBinary(ModelProtoSchema, proto);
}

function checksum(metadata: Metadata): string {
  const own = Object.entries(metadata).filter(([key]) => key === 'candor' || key.startsWith('candor.'));
  return createHash('sha256')
    .update(JSON.stringify(own.sort(([a], [b]) => (a < b ? -1 : 1))))
    .digest('hex');
}

type LooseRecord = ReturnType<typeof JSON.parse>;

const withRecord = (change: (record: LooseRecord) => void): Uint8Array =>
  withMetadata((metadata) => {
    const record = JSON.parse(metadata.candor);
    change(record);
    metadata.candor = JSON.stringify(record);
  });

async function refused(damaged: Uint8Array, reason: RegExp = /./): Promise<void> {
  const start = performance.now();
  const error = await decodeModelFile(damaged, 'm.onnx').then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ModelFormatError);
  const { message } = error as ModelFormatError;
  expect(message).toMatch(/^m\.onnx: [^\n]+$/);
  expect(message).toMatch(reason);
  expect(performance.now() - start).toBeLessThan(2000);
}

describe('encodeModelFile and decodeModelFile', () => {
  it('lose nothing', async () => {
    const { sha256, weights, ood, ...others } = await decodeModelFile(bytes, 'm.onnx');
    const { weights: _weights, ood: _ood, ...expected } = model;
    expect(others).toEqual(expected);
    expect(digest(weights)).toBe(digest(model.weights));
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(ood.tasks).toEqual(model.ood.tasks);
    expect(digest(new Float32Array(await encodeModelFile({ ...model, weights, ood })))).toBe(
      digest(new Float32Array(bytes)),
    );
  });

  it('lose nothing where the bytes are a view into a larger buffer, as files are read', async () => {
    const pool = Buffer.alloc(bytes.length + 9);
    pool.set(bytes, 3);
    const read = await decodeModelFile(pool.subarray(3, 3 + bytes.length), 'm.onnx');
    expect(digest(read.weights)).toBe(digest(model.weights));
  });

  it('judge every image alike afterwards', async () => {
    const read = await decodeModelFile(bytes, 'm.onnx');
    const network = await openNetwork(read, runtime);
    for (const task of ballTasks) {
      const { volume } = makeBall(task, 40);
      const features: Parameters<typeof judge>[1] = Object.fromEntries(
        await Promise.all(
          read.tasks.map(async ({ name, plan }) => [name, (await runScan(network, volume, plan)).features]),
        ),
      );
      for (const detector of model.ood.detectors.keys()) {
        expect(judge(read.ood, features, { alpha: 0.2, detector })).toEqual(
          judge(model.ood, features, { alpha: 0.2, detector }),
        );
      }
    }
    await network.release();
  });

  it('make a model that any ONNX runtime opens', async () => {
    const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
    expect(session.inputNames).toEqual(['image']);
    expect(session.outputNames).toEqual(['logits', 'gram/encoder0', 'gram/encoder1', 'gram/decoder0']);
    const shapes = [...session.inputMetadata, ...session.outputMetadata].map((value) => value.isTensor && value.shape);
    expect(shapes).toEqual([
      ['batch', 1, 'depth', 'height', 'width'],
      ['batch', 1, 'depth', 'height', 'width'],
      ['batch', 1, 4, 4],
      ['batch', 1, 8, 8],
      ['batch', 1, 4, 4],
    ]);
    const { volume } = makeBall(ballTasks[0], 0);
    const results = await session.run({ image: new ort.Tensor('float32', volume.data, [1, 1, 16, 16, 16]) });
    const network = await openNetwork({ network: built(architecture), weights: model.weights }, runtime);
    const { logits } = await network.run(volume.data, [16, 16, 16]);
    expect(digest(results.logits.data as Float32Array)).toBe(digest(logits));
    await Promise.all([network.release(), session.release()]);
  });
});

describe('decodeModelFile refuses', () => {
  it('a file cut off anywhere', async () => {
    for (let i = 0; i < 50; i++) await refused(bytes.subarray(0, Math.floor((i * bytes.length) / 50)));
    await refused(bytes.subarray(0, bytes.length - 1));
  });

  it('a changed bit in what it uses; one elsewhere in the graph changes nothing', async () => {
    let accepted = 0;
    for (let i = 0; i < 200; i++) {
      const damaged = bytes.slice();
      const at = (i * 7919 * 131) % bytes.length;
      damaged[at] ^= 1 << (i % 8);
      const read = await decodeModelFile(damaged, 'm.onnx').catch(async (error: unknown) => {
        if (!(error instanceof ModelFormatError)) throw error;
        expect(error.message).toMatch(/^m\.onnx: /);
      });
      if (!read) continue;
      accepted++;
      const { sha256: _sha, ...rest } = read;
      expect(digest(rest.weights)).toBe(digest(model.weights));
      expect({ ...rest, weights: 0, ood: rest.ood.tasks }).toEqual({ ...model, weights: 0, ood: model.ood.tasks });
    }
    // Nodes of the graph, which Candor builds anew, are a part of so small a file.
    expect(accepted).toBeLessThan(150);
  });

  it('a changed weight, temperature or bank', async () => {
    const proto = fromBinary(ModelProtoSchema, bytes.slice());
    const tensor = proto.graph!.initializer.find(({ name }) => name === 'decoder0.conv1.weight')!;
    tensor.rawData[5] ^= 1;
    await refused(toBinary(ModelProtoSchema, proto), /weight decoder0.conv1.weight is not what was saved/);
    const changes: Record<string, (text: string) => string> = {
      candor: (text) => text.replace('"steps":0', '"steps":1'),
      'candor.bank': (text) => (text[0] === 'A' ? 'B' : 'A') + text.slice(1),
    };
    for (const [name, change] of Object.entries(changes)) {
      const changed = fromBinary(ModelProtoSchema, bytes.slice());
      const entry = changed.metadataProps.find(({ key }) => key === name)!;
      entry.value = change(entry.value);
      await refused(toBinary(ModelProtoSchema, changed), /metadata are not what was saved/);
    }
  });

  it.each([
    [1, /format version 3, found 1. Its signatures are of an earlier kind: .* with --resume/],
    [4, /format version 3, found 4. Use the version of Candor that wrote it, or a newer one/],
  ])('another version, %d, and says what to do', async (version, message) => {
    await refused(
      withRecord((record) => {
        record.version = version;
      }),
      message,
    );
  });

  it('models of others and files that are no models', async () => {
    const graph = new Graph();
    graph.output('y', relu(graph.input('x', [1])));
    await refused(encodeModel(graph, { producerVersion: '9' }), /found an ONNX model of candor 9/);
    await refused(new TextEncoder().encode('{"not": "a model"}'));
    await refused(new Uint8Array(0));
    await refused(new Uint8Array(1000).fill(255));
  });

  it('a record that is missing, no JSON, or too long', async () => {
    await refused(
      withMetadata((metadata) => {
        delete metadata.candor;
      }),
      /expected a model written by Candor/,
    );
    for (const text of ['', '{', 'null', '[]', '"text"', '['.repeat(100_000)]) {
      await refused(
        withMetadata((metadata) => {
          metadata.candor = text;
        }),
      );
    }
    await refused(
      withMetadata((metadata) => {
        metadata.candor = metadata.candor.padEnd(16 * 2 ** 20 + 1);
      }),
      /too long/,
    );
  });

  it('a file without its checksum', async () => {
    await refused(
      withMetadata((metadata) => {
        metadata['candor-sha256'] = '';
      }),
      /metadata/,
    );
  });

  it('keys that would reach an object’s prototype', async () => {
    const poisoned = (text: string) =>
      withMetadata((metadata) => {
        metadata.candor = metadata.candor.replace('{', text);
      });
    for (const text of ['{"__proto__":{"polluted":1},', '{"constructor":{"prototype":{"polluted":1}},']) {
      const read = await decodeModelFile(poisoned(text), 'm.onnx').catch((error: unknown) => error);
      expect(read instanceof ModelFormatError || Object.keys(read as object).length === 7).toBe(true);
      expect((read as { polluted?: number }).polluted).toBeUndefined();
      expect(({} as { polluted?: number }).polluted).toBeUndefined();
    }
    await decodeModelFile(
      withMetadata((metadata) => {
        metadata['candor.__proto__'] = 'AAAAAA==';
        metadata['candor.constructor'] = 'AAAAAA==';
      }),
      'm.onnx',
    );
    expect(({} as { length?: number }).length).toBeUndefined();
    await refused(
      withRecord((record) => {
        record.tensors = JSON.parse('{"__proto__": {"head.bias": "x"}}');
      }),
    );
  });

  it.each<[string, (record: LooseRecord) => void]>([
    ['a network of another size', (r) => r.architecture.channels.splice(0, 2, 8, 16)],
    ['a network too large for any memory', (r) => r.architecture.channels.splice(0, 2, ...new Array(7).fill(1024))],
    ['a network of 10,000 channels', (r) => r.architecture.channels.splice(0, 1, 10_000)],
    ['no task', (r) => r.tasks.splice(0)],
    ['a task that was not judged', (r) => r.tasks.push({ ...r.tasks[0], name: 'liver' })],
    ['judged tasks in another order', (r) => r.tasks.reverse()],
    [
      'two tasks of one name',
      (r) => [r.tasks, r.ood.tasks].map((tasks) => Object.assign(tasks[1], { name: 'bright' })),
    ],
    ['a patch that the stride does not divide', (r) => r.tasks[0].plan.patch.splice(0, 1, 15)],
    ['a patch too large for memory', (r) => r.tasks[0].plan.patch.splice(0, 3, 1e6, 1e6, 1e6)],
    ['a spacing of zero', (r) => r.tasks[0].plan.spacing.splice(0, 1, 0)],
    ['a temperature of zero', (r) => Object.assign(r.tasks[0].calibration, { temperature: 0 })],
    ['layers that the network does not have', (r) => r.ood.layers.reverse()],
    ['a bank of a billion images', (r) => Object.assign(r.ood.tasks[0], { bank: 1e9 })],
    ['a bank of more images than there are', (r) => Object.assign(r.ood.tasks[0], { bank: 6 })],
    ['an unknown detector', (r) => Object.assign(r.ood, { detector: 'guess' })],
    ['a missing hash', (r) => delete r.tensors['head.bias']],
    ['no provenance', (r) => delete r.provenance],
  ])('%s', async (_, damage) => {
    await refused(withRecord(damage));
  });

  it('arrays that are missing, cut or no numbers', async () => {
    for (const value of ['', '!', 'AAA', 'AAAA', undefined]) {
      await refused(
        withMetadata((metadata) => {
          if (value === undefined) delete metadata['candor.bank'];
          else metadata['candor.bank'] = value;
        }),
        /bank/,
      );
    }
    await refused(
      withMetadata((metadata) => {
        const values = Buffer.from(metadata['candor.bank'], 'base64');
        values.writeFloatLE(Number.NaN, 0);
        metadata['candor.bank'] = values.toString('base64');
      }),
      /bank/,
    );
  });
});

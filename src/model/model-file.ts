/**
 * The one model file: an ONNX model that any runtime opens, with everything else Candor needs in its metadata.
 * `candor` is a small JSON record; arrays are base64 float32 under `candor.<name>`; `candor-sha256` is their checksum.
 */
import { z } from 'zod';
import { clauseOf, isCandorError, ModelFormatError } from '../errors.js';
import { sha256 } from '../files/hash.js';
import { parseJson } from '../files/json.js';
import { decodeModel, type OnnxModel } from '../graph/onnx/decode.js';
import { encodeModel } from '../graph/onnx/encode.js';
import { logitCount } from '../labels/label-space.js';
import { networkFromFile, networkOf, networkSchema, networkToFile } from '../networks/network.js';
import { joinWeights, splitWeights } from '../networks/parameters.js';
import { oodSchema, packOod, unpackOod } from '../ood/pack.js';
import type { OodState } from '../ood/state.js';
import { patchProblem } from '../preprocessing/patch.js';
import { decodeFloats, encodeFloats } from './base64.js';
import { type Model, modelTaskSchema, provenanceSchema, type StoredModel, taskFromFile, taskToFile } from './model.js';

/** Raised whenever an older reader could misunderstand the record, or a newer one an older record. */
const FORMAT_VERSION = 3;
/** Older records that are read: 2 has no `ood.constantWindows`. */
const OLDEST_VERSION = 2;
const RECORD = 'candor';
const CHECKSUM = 'candor-sha256';
/** Longest record and longest array that are read, in characters. */
const MAXIMUM_RECORD = 16 * 2 ** 20;
const MAXIMUM_ARRAY = 2 ** 29;
/** More than a thousand tasks need. */
const MAXIMUM_RECORD_VALUES = 100_000;

const recordSchema = z.object({
  version: z.number().int().min(OLDEST_VERSION).max(FORMAT_VERSION),
  name: z.string(),
  architecture: networkSchema,
  tasks: z.array(modelTaskSchema).min(1).max(1000),
  ood: oodSchema,
  provenance: provenanceSchema,
  /** SHA-256 of each weight tensor's little-endian float32 bytes. */
  tensors: z.record(z.string(), z.string()),
});

/** Bytes of the model file. */
export async function encodeModelFile(model: Model): Promise<Uint8Array> {
  const { json, arrays } = packOod(model.ood);
  const network = networkOf(model.network);
  const record: z.infer<typeof recordSchema> = {
    version: FORMAT_VERSION,
    name: model.name,
    architecture: networkToFile(model.network),
    tasks: model.tasks.map(taskToFile),
    ood: json,
    provenance: model.provenance,
    tensors: await tensorHashes(splitWeights(network.parameters, model.weights)),
  };
  const metadata: Record<string, string> = { [RECORD]: JSON.stringify(record) };
  for (const [name, values] of Object.entries(arrays)) metadata[`${RECORD}.${name}`] = encodeFloats(values);
  metadata[CHECKSUM] = await checksum(Object.entries(metadata));
  return encodeModel(network.deploy(model.weights), {
    metadata,
    name: model.name,
    producerVersion: model.provenance.version,
  });
}

/**
 * Read a model file. Nothing in it is executed; everything is validated.
 * @throws ModelFormatError naming `file` where it is no ONNX model, not one of Candor's, of another version, or damaged
 */
export async function decodeModelFile(bytes: Uint8Array, file: string): Promise<StoredModel> {
  const onnx = decodeModel(bytes, file);
  const record = readRecord(onnx, file);
  const network = networkFromFile(record.architecture);
  const specs = networkOf(network).parameters;
  const parts = new Map<string, Float32Array>();
  for (const [name, { data }] of onnx.weights) parts.set(name, data);
  try {
    const weights = joinWeights(specs, parts);
    const hashes = await tensorHashes(splitWeights(specs, weights));
    const changed = Object.entries(hashes).find(([name, hash]) => record.tensors[name] !== hash);
    if (changed) throw damaged(`weight ${changed[0]} is not what was saved`);
    if (onnx.metadata.get(CHECKSUM) !== (await checksum(onnx.metadata))) {
      throw damaged('its metadata are not what was saved');
    }
    const { name, provenance } = record;
    const tasks = record.tasks.map(taskFromFile);
    const ood = unpackOod(record.ood, readArrays(onnx));
    checkAgreement({ network, tasks, ood });
    return { name, network, weights, tasks, ood, provenance, sha256: await sha256(bytes) };
  } catch (error) {
    if (!isCandorError(error)) throw error;
    const problem = `expected an intact Candor model, but ${clauseOf(error)}`;
    throw new ModelFormatError({ file, problem, remedy: error.remedy, cause: error });
  }
}

/** What each part of the record says of the others; a file that contradicts itself would fail on every image. */
function checkAgreement({ network: kind, tasks, ood }: Pick<Model, 'network' | 'tasks' | 'ood'>): void {
  const network = networkOf(kind);
  const names = (list: readonly { readonly name: string }[]) => JSON.stringify(list.map(({ name }) => name));
  const sizes = (list: OodState['layers']) => JSON.stringify(list.map(({ name, channels }) => [name, channels]));
  if (names(tasks) !== names(ood.tasks) || sizes(network.features) !== sizes(ood.layers)) {
    throw new ModelFormatError({ problem: 'its network, its tasks and its out-of-distribution state do not agree' });
  }
  const large = tasks.find(({ labels }) => logitCount(labels) > network.heads);
  if (large) {
    const counts = `${logitCount(large.labels)} structures, more than the network's ${network.heads}`;
    throw new ModelFormatError({ problem: `task ${large.name} has ${counts}` });
  }
  const { stride } = network;
  const unfit = tasks.find(({ plan: { patch } }) => patchProblem(patch, stride) !== undefined);
  if (unfit) {
    const patch = `the patch of task ${unfit.name} (${unfit.plan.patch.join(' x ')})`;
    throw new ModelFormatError({ problem: `${patch} does not fit the network's stride of ${stride}, or memory` });
  }
}

/** SHA-256 over the record and all arrays. */
function checksum(metadata: Iterable<readonly [string, string]>): Promise<string> {
  const own = [...metadata].filter(([key]) => key === RECORD || key.startsWith(`${RECORD}.`));
  return sha256(JSON.stringify(own.sort(([a], [b]) => (a < b ? -1 : 1))));
}

function readRecord(onnx: OnnxModel, file: string): z.infer<typeof recordSchema> {
  const text = onnx.metadata.get(RECORD);
  if (text === undefined) {
    const producer = onnx.producer || 'an unknown program';
    throw new ModelFormatError({ file, expected: 'a model written by Candor', found: `an ONNX model of ${producer}` });
  }
  if (text.length > MAXIMUM_RECORD)
    throw new ModelFormatError({ file, problem: `its record of ${text.length} characters is too long` });
  const json = readJson(text, file);
  const version = z.object({ version: z.number() }).safeParse(json);
  const found = version.success ? version.data.version : FORMAT_VERSION;
  if (!(found >= OLDEST_VERSION && found <= FORMAT_VERSION)) {
    const remedy =
      found < OLDEST_VERSION
        ? 'its signatures are of an earlier kind: repeat the train command that made it with --resume, which calibrates the trained network anew'
        : 'use the version of Candor that wrote it, or a newer one';
    throw new ModelFormatError({
      file,
      expected: `model format version ${FORMAT_VERSION}`,
      found: String(found),
      remedy,
    });
  }
  const parsed = recordSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0];
  throw new ModelFormatError({ file, problem: `its record is damaged at ${path.join('.') || 'the top'}: ${message}` });
}

function damaged(problem: string): ModelFormatError {
  return new ModelFormatError({ problem: `${problem}; the file is damaged` });
}

function readJson(text: string, file: string): unknown {
  try {
    return parseJson(text, MAXIMUM_RECORD_VALUES);
  } catch (cause) {
    throw new ModelFormatError({ file, problem: 'its record is not valid JSON; the file is damaged', cause });
  }
}

function readArrays(onnx: OnnxModel): Record<string, Float32Array> {
  const arrays: Record<string, Float32Array> = Object.create(null);
  for (const [key, text] of onnx.metadata) {
    if (!key.startsWith(`${RECORD}.`)) continue;
    if (text.length > MAXIMUM_ARRAY) throw new ModelFormatError({ problem: `array ${key} is too long` });
    arrays[key.slice(RECORD.length + 1)] = decodeFloats(text, key);
  }
  return arrays;
}

async function tensorHashes(parts: ReadonlyMap<string, Float32Array>): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const [name, { buffer, byteOffset, byteLength }] of parts) {
    hashes[name] = await sha256(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hashes;
}

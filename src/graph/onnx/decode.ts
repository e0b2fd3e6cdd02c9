/** Reads what Candor needs of an ONNX model: signature, weights and metadata. Nothing in the file is executed. */
import { fromBinary } from '@bufbuild/protobuf';
import { ModelFormatError } from '../../errors.js';
import { elementCount } from '../shape.js';
import { refuseOversized } from './check-size.js';
import {
  ModelProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
  type ValueInfoProto,
} from './onnx_pb.js';

export interface OnnxModel {
  readonly producer: string;
  /** Names and shapes of inputs and outputs; named dimensions as strings, unknown ones as '?'. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Float32 initializers by name. */
  readonly weights: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;
  readonly metadata: ReadonlyMap<string, string>;
}

export interface OnnxValue {
  readonly name: string;
  readonly shape: readonly (number | string)[];
}

/** Decode ONNX bytes; throws ModelFormatError naming `file` where they are not an ONNX model. */
export function decodeModel(bytes: Uint8Array, file: string): OnnxModel {
  const model = parse(bytes, file);
  const graph = model.graph;
  if (!graph || model.irVersion <= 0n || model.opsetImport.length === 0) {
    throw new ModelFormatError({ file, expected: 'an ONNX model', found: 'a file without a graph or an operator set' });
  }
  const weights = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const tensor of graph.initializer) {
    if (tensor.dataType === TensorProto_DataType.FLOAT) weights.set(tensor.name, floatTensor(tensor, file));
  }
  return {
    producer: `${model.producerName} ${model.producerVersion}`.trim(),
    inputs: graph.input.filter((value) => !weights.has(value.name)).map(describeValue),
    outputs: graph.output.map(describeValue),
    weights,
    metadata: new Map(model.metadataProps.map(({ key, value }) => [key, value])),
  };
}

function parse(bytes: Uint8Array, file: string) {
  try {
    refuseOversized(ModelProtoSchema, bytes);
    return fromBinary(ModelProtoSchema, bytes, { readUnknownFields: false });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ModelFormatError({ file, expected: 'an ONNX model', found: `bytes that are not one (${why})`, cause });
  }
}

function floatTensor(tensor: TensorProto, file: string) {
  const shape = tensor.dims.map(Number);
  if (tensor.dataLocation === TensorProto_DataLocation.EXTERNAL) throw weightsElsewhere(tensor, file);
  const expected = elementCount(shape);
  const { rawData, floatData } = tensor;
  const found = rawData.length > 0 ? rawData.length / 4 : floatData.length;
  if (found !== expected || shape.some((dim) => dim < 0)) {
    throw new ModelFormatError({
      file: `${file}: weight ${tensor.name}`,
      expected: `${expected} values for shape [${shape.join(', ')}]`,
      found: `${found}; the file is damaged`,
    });
  }
  // A copy, because the bytes inside the file need not be aligned (and slice() of a node Buffer would not copy).
  const data = rawData.length > 0 ? new Float32Array(new Uint8Array(rawData).buffer) : Float32Array.from(floatData);
  return { shape, data };
}

/** A sound model whose weights lie in a file beside it: Candor takes one file, which nothing can tear apart. */
function weightsElsewhere({ name, externalData }: TensorProto, file: string): ModelFormatError {
  const location = externalData.find(({ key }) => key === 'location')?.value ?? 'another file';
  return new ModelFormatError({
    file,
    expected: 'a model with its weights inside',
    found: `weight ${name} in ${location}`,
    remedy:
      'make one file of them with Python: import onnx; onnx.save(onnx.load("MODEL.onnx"), "ONE.onnx"), with MODEL.onnx beside its weights',
  });
}

function describeValue({ name, type }: ValueInfoProto): OnnxValue {
  const dims = type?.value.case === 'tensorType' ? (type.value.value.shape?.dim ?? []) : [];
  return {
    name,
    shape: dims.map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : (value.value ?? '?'))),
  };
}

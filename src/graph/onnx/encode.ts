/** Writes a graph as an ONNX model (operator set 18, IR version 9). */

import type { MessageInitShape } from '@bufbuild/protobuf';
import { create, toBinary } from '@bufbuild/protobuf';
import { GraphError } from '../../errors.js';
import type { Graph } from '../graph.js';
import { type Attribute, describe, type Node, type OpDefinition, type Tensor } from '../tensor.js';
import { type ListedNode, listNodes } from './listed-nodes.js';
import {
  type AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  ModelProtoSchema,
} from './onnx_pb.js';

const OPSET = 18;
const IR_VERSION = 9n;
const dataTypes = { float32: DataType.FLOAT, int64: DataType.INT64, bool: DataType.BOOL } as const;

/** ONNX bytes of a graph; `metadata` becomes the model's metadata properties. Throws GraphError for a clash of names. */
export function encodeModel(
  graph: Graph,
  options: {
    readonly metadata?: Readonly<Record<string, string>>;
    readonly name?: string;
    readonly producerVersion?: string;
    /**
     * Targets of reshapes become inputs with a default, so that the engine cannot know the shapes of what follows. Where
     * it knows them it plans ahead which tensors share a buffer, and keeps each buffer from its first tensor to its last,
     * used or not: in a training step nearly twice the memory that is alive. Else it takes and gives back as it goes.
     */
    readonly hideShapes?: boolean;
  } = {},
): Uint8Array {
  const domains = new Set(graph.nodes.map((node) => node.op.domain ?? ''));
  const publicNames = new Set(graph.outputs.map(({ name }) => name));
  const tensors = [...graph.inputs, ...graph.constants, ...graph.nodes.flatMap((node) => node.outputs)];
  const clash = tensors.find(({ name }) => publicNames.has(name));
  if (clash)
    throw new GraphError({ file: `Output ${clash.name}`, expected: 'a name of its own', found: describe(clash) });
  const listed = listNodes(graph);
  // Outputs carry public names; an Identity gives them one without renaming the tensor inside.
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'candor',
    producerVersion: options.producerVersion ?? '',
    opsetImport: [...new Set(['', ...domains])].map((domain) => ({
      domain,
      version: domain === '' ? BigInt(OPSET) : 1n,
    })),
    metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
    graph: {
      name: options.name ?? 'candor',
      input: [...graph.inputs, ...(options.hideShapes ? reshapeTargets(listed) : [])].map((tensor) =>
        valueInfo(tensor.name, tensor),
      ),
      output: graph.outputs.map(({ name, tensor }) => valueInfo(name, tensor)),
      initializer: usedConstants(graph, listed).map((tensor) => ({
        name: tensor.name,
        dims: tensor.shape.map((dim) => BigInt(dim)),
        dataType: dataTypes[tensor.dtype],
        rawData: rawBytes(tensor),
      })),
      node: [
        ...listed.map(({ node, inputs }) => ({
          opType: node.op.type,
          domain: node.op.domain ?? '',
          name: `${node.op.type}:${node.outputs[0].name}`,
          input: inputs.map((tensor) => tensor.name),
          output: node.outputs.map((tensor) => tensor.name),
          attribute: attributesOf(node),
        })),
        ...graph.outputs.map(({ name, tensor }) => ({ opType: 'Identity', input: [tensor.name], output: [name] })),
      ],
    },
  });
  return toBinary(ModelProtoSchema, model);
}

/** Constants that some node reads; ONNX Runtime warns of the others. */
function usedConstants(graph: Graph, listed: readonly ListedNode[]): Tensor[] {
  const used = new Set(listed.flatMap(({ inputs }) => inputs));
  for (const { tensor } of graph.outputs) used.add(tensor);
  return graph.constants.filter((tensor) => used.has(tensor));
}

function reshapeTargets(listed: readonly ListedNode[]): ReadonlySet<Tensor> {
  const reshapes = listed.filter(({ node }) => node.op.type === 'Reshape');
  return new Set(reshapes.map(({ inputs }) => inputs[1]).filter(({ data }) => data !== undefined));
}

function valueInfo(name: string, tensor: Tensor) {
  return {
    name,
    type: {
      value: {
        case: 'tensorType' as const,
        value: {
          elemType: dataTypes[tensor.dtype],
          shape: {
            dim: tensor.shape.map((dim) =>
              typeof dim === 'number'
                ? { value: { case: 'dimValue' as const, value: BigInt(dim) } }
                : { value: { case: 'dimParam' as const, value: dim } },
            ),
          },
        },
      },
    },
  };
}

function rawBytes({ data }: Tensor): Uint8Array {
  if (data instanceof Float32Array) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(BigInt64Array.from(data!, (value) => BigInt(value)).buffer);
}

function attributesOf({ op, attributes }: Node): MessageInitShape<typeof AttributeProtoSchema>[] {
  return Object.entries(attributes).map(([name, value]) => ({ name, ...attributeValue(op, name, value) }));
}

function attributeValue(op: OpDefinition, name: string, value: Attribute) {
  if (typeof value === 'string') return { type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if (typeof value === 'object') return { type: AttributeType.INTS, ints: value.map((item) => BigInt(item)) };
  if (op.floatAttributes?.includes(name)) return { type: AttributeType.FLOAT, f: value };
  return { type: AttributeType.INT, i: BigInt(value) };
}

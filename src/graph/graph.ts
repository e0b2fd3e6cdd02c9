/** A graph under construction. Every tensor is named, typed and shaped the moment it is made. */
import { GraphError } from '../errors.js';

import { elementCount, type Shape } from './shape.js';
import type {
  Attributes,
  Composite,
  ConstantData,
  DataType,
  GraphBuilder,
  Node,
  OpDefinition,
  Tensor,
} from './tensor.js';

export class Graph implements GraphBuilder {
  readonly inputs: Tensor[] = [];
  readonly constants: Tensor[] = [];
  /** Nodes in the order they were made, which is a valid order of execution. */
  readonly nodes: Node[] = [];
  readonly composites: Composite[] = [];
  readonly outputs: { readonly name: string; readonly tensor: Tensor }[] = [];
  private readonly names = new Set<string>();
  private readonly sharedConstants = new Map<string, Tensor>();

  /** A tensor fed at every run. */
  input(name: string, shape: Shape, dtype: DataType = 'float32'): Tensor {
    const tensor = this.makeTensor(name, dtype, shape, null);
    this.inputs.push(tensor);
    return tensor;
  }

  /** A named float32 constant (an initializer), such as a weight of a finished model. */
  constant(name: string, shape: readonly number[], data: Float32Array): Tensor {
    if (data.length !== elementCount(shape)) {
      throw new GraphError({
        file: `Constant ${name}`,
        expected: `${elementCount(shape)} values`,
        found: String(data.length),
      });
    }
    const tensor = this.makeTensor(name, 'float32', shape, null, data);
    this.constants.push(tensor);
    return tensor;
  }

  /** A scalar constant; equal ones are shared. */
  scalar(value: number): Tensor {
    return this.share(`scalar:${value}`, () => this.constant(this.fresh('scalar'), [], Float32Array.of(value)));
  }

  /** A constant of equal values; equal ones are shared. */
  filled(value: number, shape: readonly number[]): Tensor {
    return this.share(`filled:${value}:${shape.join(',')}`, () =>
      this.constant(this.fresh('filled'), shape, new Float32Array(elementCount(shape)).fill(value)),
    );
  }

  /** A small constant table; equal ones are shared. */
  table(values: readonly number[], shape: readonly number[]): Tensor {
    return this.share(`table:${values.join(',')}:${shape.join(',')}`, () =>
      this.constant(this.fresh('table'), shape, Float32Array.from(values)),
    );
  }

  /** A list of whole numbers (axes, pads, a target shape); equal ones are shared. */
  ints(values: readonly number[]): Tensor {
    return this.share(`ints:${values.join(',')}`, () => {
      const tensor = this.makeTensor(this.fresh('ints'), 'int64', [values.length], null, [...values]);
      this.constants.push(tensor);
      return tensor;
    });
  }

  /** Add a node and return its outputs. Throws GraphError where shapes or types do not fit. */
  addAll(op: OpDefinition, inputs: readonly Tensor[], attributes: Attributes = {}): readonly Tensor[] {
    const foreign = inputs.find((tensor) => tensor.graph !== this);
    if (foreign) throw new GraphError({ file: op.type, problem: `tensor ${foreign.name} belongs to another graph` });
    const outputs: Tensor[] = [];
    const node: Node = { op, inputs, outputs, attributes };
    for (const { dtype, shape } of op.infer(inputs, attributes)) {
      outputs.push(this.makeTensor(this.fresh(op.type), dtype, shape, node));
    }
    this.nodes.push(node);
    return outputs;
  }

  /** Add a node of one output. */
  add(op: OpDefinition, inputs: readonly Tensor[], attributes: Attributes = {}): Tensor {
    return this.addAll(op, inputs, attributes)[0];
  }

  /** What `build` adds becomes one step of differentiation, from `inputs` to its result. */
  composite(
    name: string,
    inputs: readonly Tensor[],
    build: () => Tensor,
    gradient: (dy: Tensor, wanted: readonly boolean[], y: Tensor) => (Tensor | null)[],
  ): Tensor {
    const first = this.nodes.length;
    const output = build();
    const nodes = this.nodes.slice(first);
    this.composites.push({ name, inputs, output, nodes, gradient: (dy, wanted) => gradient(dy, wanted, output) });
    return output;
  }

  /** Mark a tensor as a result under a name of its own. */
  output(name: string, tensor: Tensor): void {
    if (this.outputs.some((output) => output.name === name))
      throw new GraphError({ problem: `output ${name} exists already` });
    this.outputs.push({ name, tensor });
  }

  private share(key: string, make: () => Tensor): Tensor {
    const existing = this.sharedConstants.get(key);
    if (existing) return existing;
    const tensor = make();
    this.sharedConstants.set(key, tensor);
    return tensor;
  }

  private fresh(stem: string): string {
    let number = this.names.size;
    while (this.names.has(`${stem}_${number}`)) number++;
    return `${stem}_${number}`;
  }

  private makeTensor(name: string, dtype: DataType, shape: Shape, node: Node | null, data?: ConstantData): Tensor {
    if (this.names.has(name)) throw new GraphError({ problem: `tensor ${name} exists already` });
    this.names.add(name);
    return { graph: this, name, dtype, shape, node, data };
  }
}

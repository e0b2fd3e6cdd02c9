/** What Candor asks of an engine that runs ONNX graphs: one small interface, implemented once per platform. */

/** A dense tensor: float32 values in row-major order. */
export interface Value {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type Values = Readonly<Record<string, Value>>;

export interface Session {
  /** Run the graph once. Feeds by input name; results by output name. Throws EngineError naming what did not fit. */
  run(feeds: Values): Promise<Record<string, Value>>;
  /** Give the engine's memory back. The session cannot be used afterwards. */
  release(): Promise<void>;
}

export const devices = ['cpu', 'webgpu', 'cuda'] as const;
export type Device = (typeof devices)[number];

/** What an engine can do beyond the standard operators, where that is worth asking it for. */
export interface Capabilities {
  /** It may know ONNX Runtime's blocked kernels, and computes them on its own device; which and whether, a probe tells. */
  readonly blockedKernels: boolean;
}

export interface Runtime {
  /** Engine, version and device, for records. */
  readonly name: string;
  /** Where every operator of every session runs: a graph that does not wholly fit there is refused, not moved. */
  readonly device: Device;
  readonly capabilities: Capabilities;
  /** Prepare a graph given as ONNX bytes. Throws EngineError where the engine or its device cannot run it. */
  open(model: Uint8Array): Promise<Session>;
}

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

export interface Runtime {
  /** Engine and version, for records. */
  readonly name: string;
  /** Prepare a graph given as ONNX bytes. */
  open(model: Uint8Array): Promise<Session>;
}

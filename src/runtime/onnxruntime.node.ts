/** ONNX Runtime in Node: the engine that trains and infers. */
import * as ort from 'onnxruntime-node';
import { EngineError } from '../errors.js';
import type { Runtime, Session } from './session.js';

export interface OnnxRuntimeOptions {
  /** Threads within an operator; default: one per core. */
  readonly threads?: number;
  readonly device?: 'cpu' | 'webgpu' | 'cuda';
}

/** A runtime over onnxruntime-node. Graph errors and missing devices surface as EngineError when a session opens. */
export function createOnnxRuntime(options: OnnxRuntimeOptions = {}): Runtime {
  const device = options.device ?? 'cpu';
  const sessionOptions: ort.InferenceSession.SessionOptions = {
    executionProviders: [device],
    ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads }),
    graphOptimizationLevel: 'all',
    // From the second run on it takes one block for all tensors, beside the arena that the first run left: nearly twice
    // the memory, for some 2 % of the time.
    enableMemPattern: false,
    // Its warnings would land on a user's stderr.
    logSeverityLevel: 3,
  };
  return {
    name: `onnxruntime-node ${ort.env.versions.node ?? ''} ${device}`.replace(/ +/g, ' '),
    async open(model) {
      const session = await attempt(`opening a session on ${device}`, () =>
        ort.InferenceSession.create(model, sessionOptions),
      );
      return wrap(session);
    },
  };
}

function wrap(session: ort.InferenceSession): Session {
  return {
    async run(feeds) {
      const tensors: Record<string, ort.Tensor> = {};
      for (const [name, { shape, data }] of Object.entries(feeds)) {
        // ONNX Runtime would ignore it.
        if (!session.inputNames.includes(name)) throw new EngineError(`The graph has no input ${name}.`);
        tensors[name] = await attempt(`reading feed ${name}`, async () => new ort.Tensor('float32', data, shape));
      }
      const results = await attempt('running a graph', () => session.run(tensors));
      return Object.fromEntries(
        Object.entries(results).map(([name, { dims, data }]) => [name, { shape: dims, data: data as Float32Array }]),
      );
    },
    release: () => session.release(),
  };
}

async function attempt<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError(`ONNX Runtime failed while ${what}: ${message.split('\n')[0]}`, { cause });
  }
}

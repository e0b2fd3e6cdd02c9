/** ONNX Runtime in Node: the engine that trains and infers. */
import { EngineError } from '../errors.js';
import { ort } from './engine.node.js';
import type { Device, Runtime, Session } from './session.js';
import { requireTelemetryOff } from './telemetry-off.node.js';

export interface OnnxRuntimeOptions {
  /** Threads within an operator; default: one per core. */
  readonly threads?: number;
  /** Default: cpu. */
  readonly device?: Device;
}

/**
 * A runtime over onnxruntime-node. Graph errors and missing devices surface as EngineError when a session opens.
 * @throws EngineError in a worker thread where the engine could not be kept from reporting its use
 */
export function createOnnxRuntime(options: OnnxRuntimeOptions = {}): Runtime {
  requireTelemetryOff();
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
    // What a device lacks the engine would compute on the CPU, without a word.
    ...(device === 'cpu' ? {} : { extra: { session: { disable_cpu_ep_fallback: '1' } } }),
  };
  return {
    name: `onnxruntime-node ${ort.env.versions.node ?? ''} ${device}`.replace(/ +/g, ' '),
    device,
    // The engine has them for the CPU alone; elsewhere it would place them there.
    capabilities: { blockedKernels: device === 'cpu' },
    async open(model) {
      const session = await attempt(
        `opening a session on ${device}`,
        () => ort.InferenceSession.create(model, sessionOptions),
        device === 'cpu' ? undefined : `run on the CPU (--device cpu), or see to it that this machine has ${device}`,
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
        if (!session.inputNames.includes(name)) {
          throw new EngineError({ problem: `the graph has no input ${name}` });
        }
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

async function attempt<T>(what: string, call: () => Promise<T>, remedy?: string): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    const message = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0].replace(/\.+$/, '');
    throw new EngineError({ problem: `ONNX Runtime failed while ${what}: ${message}`, remedy, cause });
  }
}

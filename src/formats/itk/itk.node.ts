/**
 * ITK's readers and writers (`@itk-wasm/image-io`, WebAssembly that comes with the package), in a thread of their own:
 * there they print nothing to the user's terminal, damage done by a malformed file ends with the thread, and so does the
 * memory that they hold. Nothing of this is loaded before an image needs it.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { ItkGeometry } from './geometry.js';

/** An image as ITK-Wasm gives and takes it (its `Image`, as far as it is used here). */
export interface ItkImage extends ItkGeometry {
  readonly imageType: {
    readonly dimension: number;
    readonly componentType: string;
    readonly pixelType: string;
    readonly components: number;
  };
  readonly name: string;
  readonly size: readonly number[];
  /** Voxels, x fastest; null where the header alone was asked for. */
  readonly data: ArrayLike<number> | ArrayLike<bigint> | null;
  /** Further header fields by name. */
  readonly metadata: ReadonlyMap<string, string>;
}

export type ItkFormat = 'nrrd' | 'meta';

type Task =
  | { readonly do: 'read'; readonly format: ItkFormat; readonly path: string; readonly headerOnly: boolean }
  | { readonly do: 'write'; readonly format: ItkFormat; readonly path: string; readonly image: ItkImage };

type Answer = { readonly image: ItkImage | null } | { readonly error: string };

/** Plain JavaScript, since threads are started from compiled code and from tests alike. One task at a time. */
const program = `
const { parentPort, workerData } = require('node:worker_threads');
const library = import(workerData);
let last = library;
async function run({ id, task }) {
  const transfer = [];
  try {
    const io = await library;
    let image = null;
    if (task.do === 'read') {
      const read = task.format === 'nrrd' ? io.nrrdReadImageNode : io.metaReadImageNode;
      const result = await read(task.path, { informationOnly: task.headerOnly });
      if (!result.couldRead) throw new Error('not an image of this format');
      image = { ...result.image, data: task.headerOnly ? null : result.image.data };
      // A shared buffer goes without being transferred.
      if (image.data?.buffer instanceof ArrayBuffer) transfer.push(image.data.buffer);
    } else {
      const write = task.format === 'nrrd' ? io.nrrdWriteImageNode : io.metaWriteImageNode;
      const { couldWrite } = await write(task.image, task.path, { useCompression: true });
      if (!couldWrite) throw new Error('not an image that this format can hold');
    }
    parentPort.postMessage({ id, answer: { image } }, transfer);
  } catch (error) {
    // C++ exceptions arrive as numbers, which say nothing.
    const message = error instanceof Error ? error.message : 'the voxels or the header are damaged';
    parentPort.postMessage({ id, answer: { error: message } });
  }
}
parentPort.on('message', (message) => { last = last.then(() => run(message), () => run(message)); });
`;

/** An idle thread is ended, and its memory freed, after this many milliseconds. */
const IDLE_MS = 2000;

interface Thread {
  readonly worker: Worker;
  readonly waiting: Map<number, (answer: Answer) => void>;
  idle: NodeJS.Timeout | undefined;
}

let thread: Thread | undefined;
let nextId = 0;

function startThread(): Thread {
  const library = pathToFileURL(createRequire(import.meta.url).resolve('@itk-wasm/image-io')).href;
  const worker = new Worker(program, { eval: true, workerData: library, stdout: true, stderr: true });
  const started: Thread = { worker, waiting: new Map(), idle: undefined };
  // What the library prints is taken and dropped.
  worker.stdout.resume();
  worker.stderr.resume();
  const end = (error: string) => {
    if (thread === started) thread = undefined;
    for (const answer of started.waiting.values()) answer({ error });
    started.waiting.clear();
  };
  worker.on('message', ({ id, answer }: { id: number; answer: Answer }) => {
    const resolve = started.waiting.get(id);
    started.waiting.delete(id);
    if (started.waiting.size === 0) rest(started);
    resolve?.(answer);
  });
  worker.on('error', (error) => {
    end(error.message);
  });
  worker.on('exit', () => {
    end('the reader stopped');
  });
  return started;
}

/** Let the process end while nothing is asked for, and the thread a little later. */
function rest(resting: Thread): void {
  resting.worker.unref();
  resting.idle = setTimeout(() => {
    if (thread === resting) thread = undefined;
    void resting.worker.terminate();
  }, IDLE_MS).unref();
}

function ask(task: Task): Promise<Answer> {
  thread ??= startThread();
  const { worker, waiting, idle } = thread;
  clearTimeout(idle);
  worker.ref();
  return new Promise((resolve) => {
    waiting.set(nextId, resolve);
    worker.postMessage({ id: nextId++, task });
  });
}

/**
 * Read an image file, or its header alone.
 * @param path ends as the format's files do; files that it names must lie in its folder
 * @throws {Error} with ITK's reason, which rarely says much
 */
export async function itkRead(format: ItkFormat, path: string, headerOnly: boolean): Promise<ItkImage> {
  const answer = await ask({ do: 'read', format, path, headerOnly });
  if ('error' in answer || !answer.image) throw new Error('error' in answer ? answer.error : 'no image');
  return answer.image;
}

/** Write an image file, compressed; throws Error as {@link itkRead}. */
export async function itkWrite(format: ItkFormat, path: string, image: ItkImage): Promise<void> {
  const answer = await ask({ do: 'write', format, path, image });
  if ('error' in answer) throw new Error(answer.error);
}

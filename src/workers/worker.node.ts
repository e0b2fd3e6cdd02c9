/**
 * Another thread or process that answers requests: the one protocol of all workers. Errors keep their class, buffers are
 * moved, and one that dies or falls silent is an error, not a wait without end. By hand: worker libraries (tinypool,
 * piscina, comlink) give errors without their fields, and a worker that hangs without a word.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type TransferListItem, Worker } from 'node:worker_threads';
import { type CarriedError, EngineError, unpackError } from '../errors.js';

/** Seconds that a worker is given to end. It holds nothing that is lost when it is left behind. */
const PARTING = 5;

export interface WorkerOptions {
  /** The compiled file, which calls `serve`. */
  readonly script: URL;
  /** As messages call it: "thread that prepares batches". */
  readonly name: string;
  /** Given to a thread at its start, as `workerData`. */
  readonly data?: unknown;
  /** Seconds that requests wait without any answer until the worker counts as stuck; default: without end. */
  readonly patience?: number;
  /** Seconds to wait for its end. */
  readonly parting?: number;
}

export interface Requests<Request, Answer> {
  /**
   * Answers come in the order of requests. `transfer`: buffers that are moved rather than copied (to a thread).
   * @throws what the worker threw, with its class; EngineError where the worker itself failed
   */
  ask(request: Request, transfer?: readonly TransferListItem[]): Promise<Answer>;
  /** End it; requests without an answer fail. */
  close(): Promise<void>;
}

/** What travels. */
export interface RequestMessage<Request> {
  readonly id: number;
  readonly request: Request;
}
export type AnswerMessage<Answer> = { readonly id: number } & (
  | { readonly answer: Answer }
  | { readonly error: CarriedError }
);

/** A thread: shares memory, takes and gives buffers without a copy. */
export function openThread<Request, Answer>(options: WorkerOptions): Requests<Request, Answer> {
  const { script, name, data, parting = PARTING } = options;
  // Flags of the main thread (a test runner's loader, say) are not the worker's.
  const worker = new Worker(script, { workerData: data, execArgv: [], name: `candor: ${name}` });
  const requests = new Pending<Request, Answer>(options, (message, transfer) =>
    worker.postMessage(message, transfer ?? []),
  );
  worker.on('message', (message: AnswerMessage<Answer>) => requests.settle(message));
  worker.on('messageerror', (error) => requests.fail(error.message, error));
  worker.on('error', (error) => requests.fail(error.message, error));
  worker.on('exit', (code) => requests.fail(endedWith(`code ${code}`)));
  return {
    ask: (request, transfer) => requests.ask(request, transfer),
    async close() {
      // Where ending it takes longer than it should, it keeps no program from ending.
      worker.unref();
      await settles(worker.terminate(), parting);
      requests.fail('it was ended');
    },
  };
}

/** A process: can be ended whatever it does (threads of Node 20 were seen to hang while ending amid file reads). */
export function openProcess<Request, Answer>(options: WorkerOptions): Requests<Request, Answer> {
  const { script, parting = PARTING } = options;
  const child: ChildProcess = fork(fileURLToPath(script), { execArgv: [], serialization: 'advanced' });
  const requests = new Pending<Request, Answer>(options, (message) => child.send(message));
  const ended = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  child.on('message', (message) => requests.settle(message as AnswerMessage<Answer>));
  child.on('error', (error) => requests.fail(error.message, error));
  child.on('exit', (code, signal) => requests.fail(endedWith(signal ?? `code ${code}`)));
  return {
    ask: (request) => requests.ask(request),
    async close() {
      // It finishes what it has in hand and ends by itself, or is ended.
      if (child.connected) child.disconnect();
      if (!(await settles(ended, parting))) child.kill('SIGKILL');
      await ended;
      requests.fail('it was ended');
    },
  };
}

const endedWith = (how: string) => `it ended with ${how}; out of memory is a likely cause`;

/** Requests under way. */
class Pending<Request, Answer> {
  private readonly waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  private next = 0;
  private failure: EngineError | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: WorkerOptions,
    private readonly send: (message: RequestMessage<Request>, transfer?: readonly TransferListItem[]) => void,
  ) {}

  ask(request: Request, transfer?: readonly TransferListItem[]): Promise<Answer> {
    const id = this.next++;
    const answer = new Promise<Answer>((resolve, reject) => {
      if (this.failure) reject(this.failure);
      else this.waiting.set(id, { resolve, reject });
    });
    // Who asks ahead may wait for it later, or never.
    answer.catch(() => undefined);
    if (this.failure) return answer;
    if (this.waiting.size === 1) this.watch();
    this.send({ id, request }, transfer);
    return answer;
  }

  settle(message: AnswerMessage<Answer>): void {
    const one = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    this.watch();
    if ('error' in message) one?.reject(unpackError(message.error));
    else one?.resolve(message.answer);
  }

  fail(reason: string, cause?: unknown): void {
    this.failure ??= new EngineError({ problem: `the ${this.options.name} failed: ${reason}`, cause });
    clearInterval(this.timer);
    for (const { reject } of this.waiting.values()) reject(this.failure);
    this.waiting.clear();
  }

  /** Begin to count the silence anew, where anything is waited for. */
  private watch(): void {
    const { patience } = this.options;
    clearInterval(this.timer);
    if (patience === undefined || this.waiting.size === 0) return;
    this.timer = afterTenths(patience, () => this.fail(`it gave no answer for ${patience} s`));
  }
}

/**
 * Counted in tenths rather than read from a clock: a program that was paused for an hour has not waited for an hour, and
 * a thread that was blocked for long hears the answers that came meanwhile before it gives up.
 */
function afterTenths(seconds: number, act: () => void): NodeJS.Timeout {
  let left = 10;
  const timer = setInterval(
    () => {
      if (--left > 0) return;
      clearInterval(timer);
      act();
    },
    (seconds * 1000) / left,
  );
  return timer;
}

/** Whether a promise settles in time. */
async function settles(promise: Promise<unknown>, seconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = afterTenths(seconds, () => resolve(false));
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearInterval(timer);
  }
}

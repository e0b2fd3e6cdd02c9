/** Work shared out among several workers, results in the order of requests whoever was first. */
import { CancelledError, throwIfCancelled } from '../errors.js';
import type { Requests } from './worker.node.js';

/**
 * Ask `requests` of `workers` freshly opened workers, each one at a time, and end these.
 * @param onAnswer called after each with the number done
 * @throws CancelledError where the signal fires, at once: what workers have in hand is dropped; else what one threw first
 */
export async function askAll<Request, Answer>(
  requests: readonly Request[],
  open: () => Requests<Request, Answer>,
  options: {
    readonly workers: number;
    readonly signal?: AbortSignal;
    readonly onAnswer?: (done: number, answer: Answer, index: number) => void;
  },
): Promise<Answer[]> {
  const { signal, onAnswer } = options;
  throwIfCancelled(signal);
  const answers: Answer[] = new Array(requests.length);
  const workers = Array.from({ length: Math.min(options.workers, requests.length) }, open);
  let next = 0;
  let done = 0;
  let stopped = false;
  let cancel = (): void => undefined;
  const cancelled = new Promise<never>((_, reject) => {
    cancel = () => reject(new CancelledError());
    signal?.addEventListener('abort', cancel, { once: true });
  });
  const work = async (worker: Requests<Request, Answer>) => {
    while (!stopped && next < requests.length) {
      const index = next++;
      const answer = await worker.ask(requests[index]);
      if (stopped) return;
      answers[index] = answer;
      onAnswer?.(++done, answer, index);
    }
  };
  try {
    await Promise.race([cancelled, Promise.all(workers.map(work))]);
    return answers;
  } finally {
    stopped = true;
    signal?.removeEventListener('abort', cancel);
    await Promise.all(workers.map((worker) => worker.close()));
  }
}

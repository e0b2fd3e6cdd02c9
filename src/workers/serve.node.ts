/** The worker's side: answers requests one after the other, in a thread or in a process alike. */
import { parentPort, type TransferListItem } from 'node:worker_threads';
import { packError } from '../errors.js';
import type { AnswerMessage, RequestMessage } from './worker.node.js';

/**
 * Answer requests with what `handle` gives or throws.
 * @param moved buffers of an answer that a thread gives away rather than copies
 */
export function serve<Request, Answer>(
  handle: (request: Request) => Answer | Promise<Answer>,
  moved: (answer: Answer) => TransferListItem[] = () => [],
): void {
  let last: Promise<void> = Promise.resolve();
  const answer = async ({ id, request }: RequestMessage<Request>) => {
    try {
      const value = await handle(request);
      post({ id, answer: value }, moved(value));
    } catch (error) {
      post({ id, error: packError(error) });
    }
  };
  const listen = (message: RequestMessage<Request>) => {
    last = last.then(() => answer(message));
  };
  const post = (message: AnswerMessage<Answer>, transfer: TransferListItem[] = []) => {
    if (parentPort) parentPort.postMessage(message, transfer);
    // Nobody may be there any more to hear it.
    else if (process.connected) process.send?.(message);
  };
  if (parentPort) {
    parentPort.on('message', listen);
    return;
  }
  process.on('message', listen);
  // Ctrl-C in a terminal reaches all processes; the one that started this decides when it ends.
  process.on('SIGINT', () => undefined);
}

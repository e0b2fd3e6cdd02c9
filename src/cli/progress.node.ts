/** Shows long work on stderr: a bar on a terminal, a plain line now and then elsewhere, nothing when told to be quiet. */
import { SingleBar } from 'cli-progress';
import type { Progress } from '../job-options.js';
import { Pace, progressText, type Sign, stageEndText } from './progress-text.js';
import { plainText } from './text.js';

/** Milliseconds between two lines where there is no terminal. */
const LINE_INTERVAL = 10_000;
/** A bar leaves room for the numbers, which say more. */
const barWidth = (columns: number): number => Math.min(24, Math.max(8, Math.floor(columns / 8)));

export interface ProgressDisplay {
  update(progress: Progress): void;
  /** A remark between the lines of progress. */
  note(text: string): void;
  /** Take the bar away; to be called however the work ended. */
  close(): void;
}

type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

export function createProgressDisplay(
  options: { readonly quiet?: boolean; readonly stream?: Output; readonly now?: () => number } = {},
): ProgressDisplay {
  if (options.quiet) return { update: () => undefined, note: () => undefined, close: () => undefined };
  const stream = options.stream ?? process.stderr;
  const now = options.now ?? (() => performance.now());
  return stream.isTTY ? withBar(stream, now) : withLines(stream, now);
}

/** Follows the stages; `onSign` gets every report and whether it ends its stage. */
function followStages(now: () => number, onSign: (sign: Sign, ends: boolean) => void): (progress: Progress) => void {
  let stage: Progress['stage'] | undefined;
  let pace = new Pace(now());
  let ended = false;
  let last = now();
  return (progress) => {
    if (progress.stage !== stage || (ended && progress.done < progress.total)) {
      stage = progress.stage;
      // The time since the last report belongs to this stage: its own first often comes after its first item.
      pace = new Pace(last);
      ended = false;
    }
    last = now();
    if (ended) return;
    ended = progress.total > 0 && progress.done >= progress.total;
    onSign(pace.sign(progress, last), ended);
  };
}

function withLines(stream: Output, now: () => number): ProgressDisplay {
  let last = Number.NEGATIVE_INFINITY;
  return {
    update: followStages(now, (sign, ends) => {
      if (!ends && now() - last < LINE_INTERVAL) return;
      last = now();
      stream.write(`${ends ? stageEndText(sign) : progressText(sign)}\n`);
    }),
    note: (text) => void stream.write(`note: ${plainText(text)}\n`),
    close: () => undefined,
  };
}

function withBar(stream: Output, now: () => number): ProgressDisplay {
  let latest: Sign | undefined;
  let bar: SingleBar | undefined;
  const show = () => {
    if (bar || !latest) return;
    bar = new SingleBar({
      stream,
      format: (_, { progress }) =>
        latest ? cutToWidth(progressText(latest, drawBar(progress, barWidth(columnsOf(stream)))), stream) : '',
      clearOnComplete: true,
      // The text is cut to the terminal's width here; switched-off wrapping would outlive a killed process.
      linewrap: true,
      fps: 5,
    });
    bar.start(latest.progress.total, latest.progress.done);
  };
  const hide = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    update: followStages(now, (sign, ends) => {
      latest = sign;
      if (ends) {
        hide();
        latest = undefined;
        stream.write(`${cutToWidth(stageEndText(sign), stream)}\n`);
        return;
      }
      show();
      bar?.setTotal(sign.progress.total);
      bar?.update(sign.progress.done);
    }),
    note(text) {
      hide();
      stream.write(`note: ${plainText(text)}\n`);
      show();
    },
    close: hide,
  };
}

function drawBar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share || 0)) * width);
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}

function cutToWidth(text: string, stream: Output): string {
  return [...text].slice(0, Math.max(20, columnsOf(stream) - 1)).join('');
}

function columnsOf(stream: Output): number {
  return stream.columns ?? 80;
}

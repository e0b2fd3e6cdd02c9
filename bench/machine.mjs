/** Whether the machine is quiet enough for a ratio to mean anything. */
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const LIMIT_PER_CORE = 0.4;
const PATIENCE_SECONDS = 180;

/** Wait until the load is low; end the process with exit code 1 where it stays high. */
export async function waitForIdle() {
  const limit = LIMIT_PER_CORE * os.availableParallelism();
  const deadline = Date.now() + PATIENCE_SECONDS * 1000;
  while (os.loadavg()[0] > limit) {
    if (Date.now() > deadline) {
      console.error(
        `error: load ${os.loadavg()[0].toFixed(2)} is above ${limit}: ratios would lie. Stop other work first.`,
      );
      process.exit(1);
    }
    await sleep(5000);
  }
}

export function describeMachine() {
  const [cpu] = os.cpus();
  return `${cpu.model.trim()}, ${os.availableParallelism()} cores, Node ${process.versions.node}`;
}

/** The middle value. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

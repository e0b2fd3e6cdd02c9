/**
 * Nothing leaves the machine: ONNX Runtime reports its use over the network, and keeps an identifier in the home folder,
 * unless the process's environment forbids it before the first session. Imported before the engine, by the one file that
 * imports it.
 */
import { isMainThread } from 'node:worker_threads';
import { EngineError } from '../errors.js';

const VARIABLE = 'ORT_DISABLE_TELEMETRY';

// Whatever was there: a user who wants his scans reported about is not foreseen.
process.env[VARIABLE] = '1';

/**
 * Refuse to start the engine where it could not be kept quiet. A worker thread has a copy of the environment, which the
 * engine does not read: there the main thread, or whoever started the process, must have set the variable.
 * @throws EngineError in such a thread, saying what to do
 */
export function requireTelemetryOff(): void {
  // On Windows the engine writes to the system's own event log and sends nothing.
  if (isMainThread || process.platform === 'win32' || realEnvironment()[VARIABLE] === '1') return;
  throw new EngineError({
    problem: `the engine is not started in this worker thread, since it would report its use over the network`,
    expected: `${VARIABLE}=1 in the environment of the process`,
    found: 'none, and a worker thread cannot set it',
    remedy: `import candor in the main thread too, or start the worker with \`env: SHARE_ENV\`, or the program with ${VARIABLE}=1`,
  });
}

/** The process's own environment, which in a worker thread only the diagnostic report shows. */
function realEnvironment(): Readonly<Record<string, string>> {
  const { report } = process as { report: NodeJS.ProcessReport & { excludeNetwork?: boolean } };
  const before = report.excludeNetwork;
  // It would look up the names of addresses.
  report.excludeNetwork = true;
  try {
    return (report.getReport() as { environmentVariables?: Record<string, string> }).environmentVariables ?? {};
  } finally {
    report.excludeNetwork = before ?? false;
  }
}

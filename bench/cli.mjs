/** Whole processes, timed from their start to their end. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const CANDOR = fileURLToPath(new URL('../dist/cli/main.node.js', import.meta.url));

/** Run a program; seconds from start to end, and what it printed. @throws Error with its stderr where it fails */
export function runProcess(program, args) {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args.map(String), { stdio: ['ignore', 'pipe', 'pipe'] });
    let [text, complaints] = ['', ''];
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.stderr.on('data', (chunk) => {
      complaints += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      const seconds = (performance.now() - start) / 1000;
      if (code === 0) resolve({ seconds, text });
      else reject(new Error(`${program} ${args.join(' ')} ended with code ${code}:\n${complaints.slice(-4000)}`));
    });
  });
}

/** Run the command line of Candor. */
export const candor = (...args) => runProcess(process.execPath, [CANDOR, ...args]);

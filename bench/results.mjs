/** Results as people read them on a terminal and in Markdown, and as programs read them (JSON). */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeFolder, writeFileAtomic } from '../dist/files/atomic.node.js';
import { machineRecord } from './machine.mjs';

const DEFAULT_FOLDER = fileURLToPath(new URL('results/', import.meta.url));

/** Seconds, milliseconds or minutes, three digits. */
export function formatSeconds(seconds) {
  if (seconds === null || seconds === undefined) return '–';
  // Rounded to three digits it would be 1.00e+3 ms from here on.
  if (seconds < 0.9995) return `${(1000 * seconds).toPrecision(3)} ms`;
  return seconds < 600 ? `${seconds.toPrecision(3)} s` : `${(seconds / 60).toFixed(1)} min`;
}

/** Median with its quartiles. */
export function formatSummary({ median, lowerQuartile, upperQuartile }) {
  return `${formatSeconds(median)} (${formatSeconds(lowerQuartile)} to ${formatSeconds(upperQuartile)})`;
}

export function formatRatio({ ratio, low, high }) {
  return `${ratio.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}

export function formatBytes(bytes) {
  if (bytes === null || bytes === undefined) return '–';
  return bytes < 2 ** 30 ? `${Math.round(bytes / 2 ** 20)} MiB` : `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}

/** @param rows lists of cells, as long as `columns` */
export function textTable(columns, rows) {
  const cells = [columns, ...rows].map((row) => row.map(String));
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  const line = (row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]))
      .join('  ')
      .trimEnd();
  return [line(cells[0]), widths.map((width) => '-'.repeat(width)).join('  '), ...cells.slice(1).map(line)].join('\n');
}

export function markdownTable(columns, rows) {
  const line = (row) => `| ${row.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}

/**
 * Print a part's tables and write `<part>.json` and `<part>.md`.
 * @param part name of the part
 * @param result `title`; `tables` of `{ caption, columns, rows }`; `notes`, sentences that belong to the figures (such
 * as a peer that is not installed); `data`, everything for programs
 * @param options the bench's: `output`, a folder, default `bench/results`; `quick`, too few rounds to be recorded
 */
export async function publish(part, { title, tables, notes = [], data, files = {} }, { output, quick = false } = {}) {
  console.log(`\n${title}`);
  for (const { caption, columns, rows } of tables) {
    console.log(`\n${caption ? `${caption}\n` : ''}${textTable(columns, rows)}`);
  }
  for (const note of notes) console.log(`note: ${note}`);
  if (quick && output === undefined) {
    console.log('A quick run is not recorded; name a folder with --output to keep it.');
    return;
  }
  const folder = output ?? DEFAULT_FOLDER;
  await makeFolder(folder);
  const machine = machineRecord();
  const date = new Date().toISOString();
  const record = { part, title, date, quick, machine, notes, ...data };
  const about = `${machine.cpu}, ${machine.cores} cores, ${machine.engine}, Node ${machine.node}, ${date.slice(0, 10)}`;
  const markdown = [
    `## ${title}`,
    `${about}${quick ? '. **Quick run: not a figure to quote.**' : ''}`,
    ...tables.map(({ caption, columns, rows }) => `${caption ? `${caption}\n\n` : ''}${markdownTable(columns, rows)}`),
    ...notes.map((note) => `Note: ${note}`),
  ];
  await writeFileAtomic(path.join(folder, `${part}.json`), `${JSON.stringify(record, null, 2)}\n`);
  await writeFileAtomic(path.join(folder, `${part}.md`), `${markdown.join('\n\n')}\n`);
  for (const [name, text] of Object.entries(files)) await writeFileAtomic(path.join(folder, name), text);
  console.log(
    `written: ${path.join(folder, part)}.json, .md${Object.keys(files)
      .map((name) => `, ${name}`)
      .join('')}`,
  );
}

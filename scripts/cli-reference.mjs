/** Writes docs/reference/cli.md from what the built command line says of itself. Run by `npm run docs`. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../dist/cli/main.node.js', import.meta.url));
const target = process.argv[2] ?? fileURLToPath(new URL('../docs/reference/cli.md', import.meta.url));

const help = (...verb) => execFileSync(process.execPath, [entry, ...verb, '--help'], { encoding: 'utf8' });
const block = (text) => `\`\`\`text\n${text}\`\`\`\n`;

const all = help();
const verbs = [...all.split('\nCommands:\n')[1].matchAll(/^ {2}(\w+)/gm)].map(([, verb]) => verb);
const sections = verbs.map((verb) => `## candor ${verb}\n\n${block(help(verb))}`);

writeFileSync(
  target,
  `# Command line

Made from the commands' own \`--help\` by \`npm run docs\`. Results go to stdout; progress, notes and errors go to stderr.

${block(all)}
${exitCodes()}
${sections.join('\n')}`,
);

function exitCodes() {
  const rows = [
    ['0', 'done'],
    ['1', 'an error inside Candor or its engine'],
    ['2', 'wrong usage: an unknown option, a value out of range, options that contradict each other'],
    [
      '3',
      'bad input: a data set, image, model, file of plans or run folder; also where only a part of a batch was bad',
    ],
    ['4', 'at least one image was refused as out of distribution (`--on-ood refuse`); 3 wins over 4'],
    ['5', 'the output cannot be written'],
    ['130', 'cancelled by Ctrl-C or SIGTERM; what was done is kept'],
  ];
  const lines = rows.map(([code, meaning]) => `| ${code} | ${meaning} |`);
  return `## Exit codes\n\n| code | meaning |\n| ---- | ------- |\n${lines.join('\n')}\n`;
}

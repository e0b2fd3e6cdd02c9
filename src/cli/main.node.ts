#!/usr/bin/env node
/** The command line: reads arguments, calls one job, prints. Verbs and jobs are loaded when they are called. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { exitCodes } from './exit-code.js';
import { reportFailure } from './report-error.node.js';
import { addVerbs } from './verbs.node.js';

const exitCodesText = `
Exit codes:
  0 done; 1 internal error; 2 wrong usage; 3 bad input, also if only a part of it was bad;
  4 refused as out of distribution (--on-ood refuse); 5 output cannot be written; 130 cancelled`;

async function createProgram(): Promise<Command> {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const program = new Command('candor')
    .description('Segmentation of medical images that says how sure it is, and whether it should be believed at all.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: false, subcommandTerm: (verb) => `${verb.name()} ${verb.usage()}` })
    .configureOutput({ outputError: (text, write) => write(text.replace(/\n(?=\()/, ' ')) })
    .exitOverride()
    .addHelpText('after', exitCodesText);
  await addVerbs(program, process.argv.slice(2));
  return program;
}

/** A reader that went away (`candor ... | head`) is no error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});
process.stderr.on('error', () => undefined);
process.on('uncaughtException', (error) => process.exit(reportFailure(error)));

try {
  const program = await createProgram();
  await program.parseAsync();
} catch (error) {
  // Commander has told the user already.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  else process.exitCode = reportFailure(error);
}

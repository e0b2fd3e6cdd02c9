/** The verbs: all are listed, the one that is called is loaded, so that help comes at once. */
import type { Command } from 'commander';

interface Verb {
  readonly name: string;
  /** As the verb's own help says it. */
  readonly usage: string;
  readonly summary: string;
  /** Loads the verb and adds it with its arguments and options. */
  readonly add: (program: Command) => Promise<void>;
}

const verbs: readonly Verb[] = [
  {
    name: 'check',
    usage: '[options] <dataset...>',
    summary: 'find what is wrong with data sets',
    add: async (program) => (await import('./check.node.js')).addCheck(program),
  },
  {
    name: 'train',
    usage: '[options] <dataset...>',
    summary: 'train one model on one or several data sets',
    add: async (program) => (await import('./train.node.js')).addTrain(program),
  },
  {
    name: 'predict',
    usage: '[options] <model> [others...]',
    summary: 'segment images and say whether to believe the masks',
    add: async (program) => (await import('./predict.node.js')).addPredict(program),
  },
  {
    name: 'evaluate',
    usage: '[options] <model> <dataset...>',
    summary: 'measure accuracy, calibration and out-of-distribution detection',
    add: async (program) => (await import('./evaluate.node.js')).addEvaluate(program),
  },
  {
    name: 'inspect',
    usage: '[options] <model>',
    summary: 'show a model card',
    add: async (program) => (await import('./inspect.node.js')).addInspect(program),
  },
  {
    name: 'demo',
    usage: '[options]',
    summary: 'see it all in a few minutes, on digital phantoms',
    add: async (program) => (await import('./demo.node.js')).addDemo(program),
  },
];

/** Add the verb that `args` call, and of the others what the list of verbs shows. */
export async function addVerbs(program: Command, args: readonly string[]): Promise<void> {
  // The program's own options take no values: the first other word is the verb.
  const called = args.find((arg) => !arg.startsWith('-'));
  for (const { name, usage, summary, add } of verbs) {
    if (name === called) await add(program);
    else program.addCommand(program.createCommand(name).usage(usage).summary(summary));
  }
}

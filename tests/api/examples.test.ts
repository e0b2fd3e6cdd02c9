/** Examples that people copy: every public function has one, and each compiles against the built library as it stands. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, root } from '../cli/run-candor.js';

const entry = path.join(root, 'dist/index.node.d.ts');
const options: ts.CompilerOptions = {
  ...{ strict: true, noEmit: true, skipLibCheck: true, types: ['node'] },
  ...{
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  },
  paths: { candor: [entry] },
};

interface PublicFunction {
  readonly name: string;
  readonly examples: readonly string[];
}

function publicFunctions(): PublicFunction[] {
  const program = ts.createProgram([entry], options);
  const checker = program.getTypeChecker();
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!);
  return exported.flatMap((symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    const declaration = target.declarations?.find(ts.isFunctionDeclaration);
    if (!declaration) return [];
    const tags = ts.getJSDocTags(declaration).filter(({ tagName }) => tagName.text === 'example');
    return [{ name: symbol.name, examples: tags.map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '') }];
  });
}

/** What the compiler has against texts, by their names; those that import nothing are given all public functions. */
function compile(texts: ReadonlyMap<string, string>): string[] {
  const prelude = `import { ${functions.map(({ name }) => name).join(', ')} } from 'candor';`;
  const sources = new Map<string, string>();
  for (const [name, text] of texts) {
    const source = `${/^import /m.test(text) ? '' : prelude}\n${text}\nexport {};\n`;
    sources.set(path.join(root, `tests/api/${name}.mts`), source);
  }
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile: read } = host;
  host.fileExists = (file) => sources.has(file) || fileExists(file);
  host.readFile = (file) => sources.get(file) ?? read(file);
  host.getSourceFile = (file, ...rest) => {
    const text = sources.get(file);
    return text === undefined ? getSourceFile(file, ...rest) : ts.createSourceFile(file, text, ts.ScriptTarget.ES2022);
  };
  const program = ts.createProgram([...sources.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    const name = file === undefined ? '' : path.basename(file.fileName, '.mts');
    return `${name}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
}

let functions: readonly PublicFunction[];

beforeAll(async () => {
  await ensureBuilt();
  functions = publicFunctions();
}, 120_000);

describe('examples', () => {
  it('are there for every public function, and compile', async () => {
    expect(functions.filter(({ examples }) => examples.length === 0).map(({ name }) => name)).toEqual([]);
    expect(functions.length).toBeGreaterThan(10);
    const texts = new Map(functions.flatMap(({ name, examples }) => examples.map((text, i) => [`${name}-${i}`, text])));
    const index = await readFile(path.join(root, 'src/index.node.ts'), 'utf8');
    texts.set('entry', /@example\n([\s\S]*?)\*\//.exec(index)![1].replace(/^ \* ?/gm, ''));
    const readme = await readFile(path.join(root, 'README.md'), 'utf8');
    const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)];
    for (const [i, [, text]] of blocks.entries()) texts.set(`readme-${i}`, text);
    expect(texts.has('readme-0')).toBe(true);
    expect(compile(texts)).toEqual([]);
  }, 120_000);

  it('that use what is not there are found', () => {
    const faulty = new Map([['faulty', "const { nothing } = await inspect('model.onnx');"]]);
    expect(compile(faulty).join()).toMatch(/^faulty: .*'nothing'/);
  }, 120_000);
});

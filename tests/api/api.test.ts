/** The public API as text, so that no change to it goes unseen: names, kinds and types of all exports. */
import path from 'node:path';
import ts from 'typescript';
import { beforeAll, expect, test } from 'vitest';
import { ensureBuilt, root } from '../cli/run-candor.js';

beforeAll(ensureBuilt, 120_000);

const entry = path.join(root, 'dist/index.node.d.ts');

function kindOf(node: ts.Declaration): string {
  if (ts.isFunctionDeclaration(node)) return 'function';
  if (ts.isClassDeclaration(node)) return 'class';
  if (ts.isInterfaceDeclaration(node)) return 'interface';
  return ts.isTypeAliasDeclaration(node) ? 'type' : 'constant';
}

test('matches public-api.md; `npx vitest run tests/api -u` accepts a change', async () => {
  const options = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
  const program = ts.createProgram([entry], options);
  const checker = program.getTypeChecker();
  const entryModule = checker.getSymbolAtLocation(program.getSourceFile(entry)!)!;
  const exported = checker.getExportsOfModule(entryModule).map((symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    const [declaration] = target.declarations!;
    const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
    return { name: symbol.name, kind: kindOf(declaration), text: statement.getText() };
  });
  exported.sort((a, b) => (a.name < b.name ? -1 : 1));
  const table = exported.map(({ name, kind }) => `| \`${name}\` | ${kind} |`);
  const texts = exported.map(({ name, text }) => `## ${name}\n\n\`\`\`ts\n${text}\n\`\`\`\n`);
  const page = ['# Public API of candor', '', '| export | kind |', '| --- | --- |', ...table, '', ...texts].join('\n');
  await expect(page).toMatchFileSnapshot('public-api.md');
}, 60_000);

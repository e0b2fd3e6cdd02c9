/** Code blocks of a Markdown file, in order. */
import { readFile } from 'node:fs/promises';

export interface Block {
  /** What stands behind the opening fence; '' for nothing. */
  readonly language: string;
  /** Lines between the fences, each with its line break. */
  readonly text: string;
}

export async function readBlocks(file: string): Promise<Block[]> {
  const markdown = await readFile(file, 'utf8');
  return [...markdown.matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({ language, text }));
}

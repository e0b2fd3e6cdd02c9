/** `npm run bench [-- part...]`: side-by-side measurements against peers. Without a part, all of them. */
import { feed } from './feed.mjs';
import { waitForIdle } from './machine.mjs';
import { memory } from './memory.mjs';
import { step } from './step.mjs';

const parts = { step, feed, memory };
const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !(name in parts));
if (unknown !== undefined) {
  console.error(`error: unknown part ${unknown}; expected one of: ${Object.keys(parts).join(', ')}`);
  process.exit(2);
}
await waitForIdle();
for (const name of wanted.length > 0 ? wanted : Object.keys(parts)) await parts[name]();

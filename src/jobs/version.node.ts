/** The version of this package, as its package.json says. */
import { createRequire } from 'node:module';

const packageJson = createRequire(import.meta.url)('../../package.json') as { version: string };

export const version = packageJson.version;

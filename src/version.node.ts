/** The version of this package, as its package.json says. */
import { createRequire } from 'node:module';

const packageJson = createRequire(import.meta.url)('../package.json') as { version: string };

/** Version of this package. */
export const version = packageJson.version;

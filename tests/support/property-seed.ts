/**
 * Seeds of property tests: fixed where CI runs them, so that a run can be repeated; free elsewhere, so that new examples
 * are tried; `CANDOR_SEED` sets one, as the report of a failure names it.
 */
import fc from 'fast-check';

const given = process.env.CANDOR_SEED;
if (given !== undefined && !/^-?\d+$/.test(given))
  throw new Error(`CANDOR_SEED: expected a whole number, found ${given}`);
const seed = given !== undefined ? Number(given) : process.env.CI ? 1 : undefined;
if (seed !== undefined) fc.configureGlobal({ seed });

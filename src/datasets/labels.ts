/** The two layouts write labels the other way round; here they become one: value -> name. */
import { DatasetError, UnsupportedError } from '../errors.js';

/**
 * Decathlon `{"1": "liver"}`, nnU-Net `{"liver": 1}` and nnU-Net regions `{"whole tumour": [1, 2]}` -> value -> name.
 * A value of several regions takes the name of the smallest.
 * @throws DatasetError where a label has no number or a number two names; UnsupportedError for an `ignore` label,
 *   whose voxels would otherwise be taught as foreground or background.
 */
export function parseLabels(
  labels: Record<string, string | number | number[]>,
  source: string,
): Record<string, string> {
  const nameOf = new Map<number, { name: string; voices: number }>();
  for (const [key, value] of Object.entries(labels)) {
    const [name, values] =
      /^\d+$/.test(key) && typeof value === 'string' ? [value, [Number(key)]] : [key, numbersOf(value)];
    if (values === null)
      throw new DatasetError({
        file: source,
        problem: `label ${JSON.stringify(key)} has no number`,
        expected: '{"1": "name"} (Decathlon) or {"name": 1} (nnU-Net)',
        found: JSON.stringify(value),
      });
    if (name.toLowerCase() === 'ignore')
      throw new UnsupportedError({
        file: source,
        problem: 'an "ignore" label is not handled',
        remedy: 'leave those cases out or label them fully',
      });
    for (const number of values) {
      const known = nameOf.get(number);
      if (known?.voices === values.length && known.name !== name)
        throw new DatasetError({
          file: source,
          problem: `label ${number} has two names, "${known.name}" and "${name}"`,
        });
      if (!known || values.length < known.voices) nameOf.set(number, { name, voices: values.length });
    }
  }
  if (![...nameOf.keys()].some((value) => value > 0))
    throw new DatasetError({
      file: source,
      problem: '"labels" names no foreground',
      remedy: 'add at least one label above 0',
    });
  return Object.fromEntries([...nameOf].sort((a, b) => a[0] - b[0]).map(([value, { name }]) => [String(value), name]));
}

function numbersOf(value: string | number | number[]): number[] | null {
  if (typeof value === 'string') return /^\d+$/.test(value) ? [Number(value)] : null;
  return [value].flat();
}

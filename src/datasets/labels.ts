/** What `dataset.json` says of labels, in either layout, brought to one form: names by value, structures, what is ignored. */
import { DatasetError } from '../errors.js';
import type { Dataset } from './dataset.js';

/** A label's value or values, as `dataset.json` gives them. */
export type LabelEntry = string | number | number[];

/** The part of a data set that says what its labels mean. */
export type Labelling = Pick<Dataset, 'labels' | 'target' | 'structures' | 'overlapping' | 'regionOrder' | 'ignore'>;

interface LabelKeys {
  readonly labels: Readonly<Record<string, LabelEntry>>;
  readonly target?: number | readonly number[];
  readonly structures?: Readonly<Record<string, number | readonly number[]>>;
  readonly regions_class_order?: readonly number[];
}

/**
 * Decathlon `{"1": "liver"}`, nnU-Net `{"liver": 1}`, nnU-Net regions `{"whole tumour": [1, 2]}` with
 * `regions_class_order`, nnU-Net's `ignore` label, and the keys `"target"` and `"structures"`.
 * @param source how messages name the file
 * @throws DatasetError for whatever is contradictory
 */
export function readLabelling(file: LabelKeys, source: string): Labelling {
  const { names, regions, ignore } = readNames(file.labels, source);
  const labels = Object.fromEntries([...names].sort(([a], [b]) => a - b).map(([value, name]) => [String(value), name]));
  const known = (key: string, values: readonly number[]) => checkValues(key, values, { labels, ignore, source });
  const target = file.target === undefined ? null : [file.target].flat();
  if (target) known('target', target);
  const plain = { labels, target, structures: null, overlapping: false, regionOrder: null, ignore };
  if (file.structures !== undefined) {
    if (target) throw contradiction(source, '"target" and "structures" are both there', 'keep the one that is meant');
    return { ...plain, structures: readStructures(file.structures, known, source) };
  }
  const order = file.regions_class_order;
  if (!regions || target) {
    if (order && !target && !regions)
      throw contradiction(
        source,
        '"regions_class_order" is there, but no label is a region, that is a list of values',
        'list the values of each region under "labels", or remove the key',
      );
    return plain;
  }
  if (order?.length !== regions.length)
    throw new DatasetError({
      file: source,
      problem: '"labels" has regions (lists of values)',
      expected: `"regions_class_order", a list of ${regions.length} values, one a region in their order`,
      found: order ? `${order.length} values` : 'none',
    });
  for (const [i, { name, values }] of regions.entries()) {
    known(`labels of region ${name}`, values);
    if (!values.includes(order[i]))
      throw new DatasetError({
        file: source,
        problem: `"regions_class_order" writes region ${JSON.stringify(name)} as ${order[i]}`,
        expected: `one of its own values (${values.join(', ')}), the regions being in the order of "labels"`,
      });
  }
  return { ...plain, structures: regions, overlapping: true, regionOrder: [...order] };
}

interface Names {
  readonly names: ReadonlyMap<number, string>;
  /** Null where every label has one value. */
  readonly regions: { name: string; values: number[] }[] | null;
  readonly ignore: number | null;
}

/** A value of several regions takes the name of the smallest. */
function readNames(entries: LabelKeys['labels'], source: string): Names {
  const names = new Map<number, { name: string; voices: number }>();
  const regions: { name: string; values: number[] }[] = [];
  let ignore: number | null = null;
  let lists = false;
  for (const [key, entry] of Object.entries(entries)) {
    const [name, values] =
      /^\d+$/.test(key) && typeof entry === 'string' ? [entry, [Number(key)]] : [key, numbersOf(entry)];
    if (values === null || values.length === 0)
      throw new DatasetError({
        file: source,
        problem: `label ${JSON.stringify(key)} has no number`,
        expected: '{"1": "name"} (Decathlon) or {"name": 1} (nnU-Net)',
        found: JSON.stringify(entry),
      });
    if (name.toLowerCase() === 'ignore') {
      if (values.length > 1 || values[0] === 0)
        throw new DatasetError({
          ...{ file: source, problem: 'the "ignore" label', expected: 'one value above 0' },
          found: values.join(', '),
        });
      [ignore] = values;
      continue;
    }
    lists ||= Array.isArray(entry);
    if (values.some((value) => value > 0)) regions.push({ name, values });
    for (const number of values) {
      const known = names.get(number);
      if (known?.voices === values.length && known.name !== name)
        throw new DatasetError({
          file: source,
          problem: `label ${number} has two names, "${known.name}" and "${name}"`,
        });
      if (!known || values.length < known.voices) names.set(number, { name, voices: values.length });
    }
  }
  if (ignore !== null && names.has(ignore))
    throw contradiction(
      source,
      `label ${ignore} is both "ignore" and ${names.get(ignore)!.name}`,
      'number one of them anew',
    );
  if (![...names.keys()].some((value) => value > 0))
    throw new DatasetError({
      file: source,
      problem: '"labels" names no foreground',
      remedy: 'add at least one label above 0',
    });
  return {
    names: new Map([...names].map(([value, { name }]) => [value, name])),
    regions: lists ? regions : null,
    ignore,
  };
}

function numbersOf(value: LabelEntry): number[] | null {
  if (typeof value === 'string') return /^\d+$/.test(value) ? [Number(value)] : null;
  return [value].flat();
}

type CheckValues = (key: string, values: readonly number[]) => void;

function readStructures(
  entries: Readonly<Record<string, number | readonly number[]>>,
  check: CheckValues,
  source: string,
): { name: string; values: number[] }[] {
  const structures = Object.entries(entries).map(([name, values]) => ({ name, values: [values].flat() }));
  if (structures.length === 0)
    throw new DatasetError({
      file: source,
      problem: '"structures" is empty',
      remedy: 'name at least one, or remove it',
    });
  const owner = new Map<number, string>();
  for (const { name, values } of structures) {
    check(`structure ${JSON.stringify(name)}`, values);
    for (const value of values) {
      const other = owner.get(value);
      if (other !== undefined)
        throw contradiction(
          source,
          `label ${value} is of two structures, ${JSON.stringify(other)} and ${JSON.stringify(name)}`,
          'leave it to one; structures that overlap are regions: lists under "labels" with "regions_class_order"',
        );
      owner.set(value, name);
    }
  }
  return structures;
}

function checkValues(
  key: string,
  values: readonly number[],
  {
    labels,
    ignore,
    source,
  }: { readonly labels: Dataset['labels']; readonly ignore: number | null; readonly source: string },
): void {
  if (values.length === 0)
    throw new DatasetError({ file: source, problem: `${key} names no value`, expected: 'at least one' });
  for (const value of values) {
    if (value !== 0 && value !== ignore && Object.hasOwn(labels, value)) continue;
    throw new DatasetError({
      file: source,
      problem: `${key} ${value} is not a foreground label`,
      expected: `values of "labels", which has ${Object.keys(labels).join(', ')}`,
      ...(value === ignore && { found: 'the "ignore" label' }),
    });
  }
}

function contradiction(file: string, problem: string, remedy: string): DatasetError {
  return new DatasetError({ file, problem, remedy });
}

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDatasetJson } from '../../src/datasets/dataset-json.js';
import { DatasetError, isCandorError, UnsupportedError } from '../../src/errors.js';

const good = {
  name: 'Liver',
  modality: { '0': 'MRI' },
  labels: { '0': 'background', '1': 'liver' },
  training: [{ image: './imagesTr/a.nii.gz', label: './labelsTr/a.nii.gz' }],
};
const parse = (content: unknown) =>
  parseDatasetJson(typeof content === 'string' ? content : JSON.stringify(content), 'here/dataset.json');
const changed = (changes: object) => JSON.stringify({ ...good, ...changes });

describe('parseDatasetJson', () => {
  test('unknown keys and a byte order mark are no fault', () => {
    expect(
      parse(`\uFEFF${changed({ licence: 'CC', overwrite_image_reader_writer: null, deep: { a: [1] } })}`).name,
    ).toBe('Liver');
  });

  test('a group called like a property of every object is just a name', () => {
    const { groups } = parse(changed({ group: { constructor: 'x' } }));
    expect(groups.get('constructor')).toBe('x');
    expect(groups.get('toString')).toBeUndefined();
  });

  test.each([
    ['empty', ''],
    ['cut off', '{"name": "Liver", "lab'],
    ['broken over lines', '{\n"name":\n oops}'],
    ['a key with a line break', changed({ group: { 'a\nb': [] } })],
    ['an escape sequence in a label', changed({ labels: { '0': 'background', '1': '\u001b[31mliver' } })],
    ['not an object', '[]'],
    ['null', 'null'],
    ['nested beyond any stack', '['.repeat(200000)],
    ['neither layout', changed({ training: undefined })],
    ['labels missing', changed({ labels: undefined })],
    ['labels a list', changed({ labels: ['background', 'liver'] })],
    ['a label without number', changed({ labels: { background: 'zero', liver: 'one' } })],
    ['a negative label', changed({ labels: { background: 0, liver: -1 } })],
    ['a fractional label', changed({ labels: { background: 0, liver: 1.5 } })],
    ['one number, two names', changed({ labels: { background: 0, liver: 1, spleen: 1 } })],
    ['no foreground', changed({ labels: { '0': 'background' } })],
    ['training not a list', changed({ training: { image: 'a', label: 'b' } })],
    ['training of strings', changed({ training: ['./imagesTr/a.nii.gz'] })],
    ['an image that is a number', changed({ training: [{ image: 3, label: 'x' }] })],
    ['target unknown', changed({ target: [2] })],
    ['target background', changed({ target: [0] })],
    ['target empty', changed({ target: [] })],
    ['target a name', changed({ target: 'liver' })],
    ['a part of the split missing', changed({ split: { train: ['a'] } })],
    ['a split of numbers', changed({ split: { train: [1], calibration: [], test: [] } })],
    ['a group of lists', changed({ group: { a: ['b'] } })],
    ['an offset in words', changed({ intensityOffset: '-1024' })],
    ['__proto__ on top', '{"__proto__": {"training": []}}'],
    ['__proto__ among labels', changed({}).replace('"1":"liver"', '"1":"liver","__proto__":"2"')],
    ['__proto__ far inside', changed({}).replace('"name"', '"x":[{"y":{"__proto__":1}}],"name"')],
    ['a name with a path', changed({ name: '../../x' })],
    ['a name of dots', changed({ name: '..' })],
    ['a name with a line break', changed({ name: 'a\nb' })],
    ['an empty name', changed({ name: '' })],
    ...[
      '../../x.nii.gz',
      '/etc/passwd',
      'imagesTr/../../x.nii.gz',
      '..',
      'C:\\x.nii',
      'a\\..\\b',
      'imagesTr/',
      '',
      'a\0b',
      '.',
    ].flatMap((path): [string, string][] => [
      [`the image ${JSON.stringify(path)}`, changed({ training: [{ image: path, label: 'labelsTr/a.nii.gz' }] })],
      ...(path
        ? [
            [`the label ${JSON.stringify(path)}`, changed({ training: [{ image: 'a.nii.gz', label: path }] })] as [
              string,
              string,
            ],
          ]
        : []),
    ]),
  ])('refuses what is malformed: %s', (_, text) => {
    expect(() => parse(text)).toThrow(DatasetError);
    expect(() => parse(text)).toThrow(/^here\/dataset\.json: [^\n]+$/);
  });

  test.each([
    ['several channels', changed({ modality: { '0': 'T1', '1': 'T2' } })],
    ['pictures', changed({ channel_names: { '0': 'T1' }, file_ending: '.png' })],
  ])('says that it does not handle %s', (_, text) => {
    expect(() => parse(text)).toThrow(UnsupportedError);
  });

  test('any JSON gives a description or an error of its own kind', () => {
    const keys = fc.constantFrom(
      'name',
      'labels',
      'training',
      'channel_names',
      'modality',
      'target',
      'split',
      'group',
      'file_ending',
    );
    fc.assert(
      fc.property(fc.dictionary(keys, fc.jsonValue()), fc.boolean(), (content, complete) => {
        try {
          parse(complete ? { ...good, ...content } : content);
        } catch (error) {
          expect(isCandorError(error)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

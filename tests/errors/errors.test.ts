/** The sentence of an error and the pieces of it that others go on from. */
import { describe, expect, it } from 'vitest';
import {
  CancelledError,
  clauseOf,
  DatasetError,
  EmptyImageError,
  errorOn,
  GeometryError,
  messageOn,
  packError,
  unpackError,
} from '../../src/errors.js';

const fields = { file: 'a.nii', problem: 'odd', expected: 'a grid', found: 'none', remedy: 'export it again' };

describe('an error', () => {
  it('is told in one sentence and what to do', () => {
    expect(new GeometryError(fields).message).toBe('a.nii: odd, expected a grid, found none. Export it again.');
    expect(new GeometryError({ expected: 'a grid', found: 'none' }).message).toBe('Expected a grid, found none.');
    expect(new CancelledError().message).toBe('Cancelled.');
  });

  it('goes on from other words without its full stop, and from its file without naming it again', () => {
    const error = new GeometryError(fields);
    expect(clauseOf(error)).toBe('a.nii: odd, expected a grid, found none');
    expect(messageOn('a.nii', error)).toBe('odd, expected a grid, found none. Export it again.');
    expect(messageOn('b.nii', error)).toBe(error.message);
  });

  it('keeps class, fields and words when its catcher names the file', () => {
    const { file, ...rest } = fields;
    const error = errorOn(file, new EmptyImageError(rest));
    expect(error).toBeInstanceOf(EmptyImageError);
    expect(error).toMatchObject(fields);
    expect(error.message).toBe(new EmptyImageError(fields).message);
  });

  it('is the same after a thread has sent it', () => {
    const error = new DatasetError({ ...fields, details: ['one', 'two'] });
    const received = unpackError(structuredClone(packError(error)));
    expect(received).toBeInstanceOf(DatasetError);
    expect({ ...received }).toEqual({ ...error });
    expect([received.message, received.stack]).toEqual([error.message, error.stack]);
  });
});

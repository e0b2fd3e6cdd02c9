/** The exit code of every error that Candor has: scripts rely on the numbers. */
import { expect, test } from 'vitest';
import { exitCodeOf } from '../../src/cli/exit-code.js';
import * as errors from '../../src/errors.js';

test('every error class has its exit code', () => {
  const codes = Object.values(errors).flatMap((value) => {
    if (typeof value !== 'function' || !(value.prototype instanceof errors.CandorError)) return [];
    const error = new (value as typeof errors.UsageError)({ problem: 'it failed' });
    return [[error.tag, exitCodeOf(error)] as const];
  });
  expect(Object.fromEntries(codes)).toEqual({
    UsageError: 2,
    DatasetError: 3,
    ImageFormatError: 3,
    GeometryError: 3,
    ModelFormatError: 3,
    UnsupportedError: 3,
    EmptyImageError: 3,
    PlanError: 3,
    RunError: 3,
    OutputError: 5,
    CancelledError: 130,
    GraphError: 1,
    EngineError: 1,
  });
});

test('whatever else is thrown is an internal error', () => {
  for (const thrown of [new Error('x'), new TypeError('x'), 'text', undefined, { tag: 'UsageError' }]) {
    expect(exitCodeOf(thrown)).toBe(1);
  }
});

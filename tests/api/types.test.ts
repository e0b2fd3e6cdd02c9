/** What callers rely on in the types of the library; `tsc` is the judge. */
import { expectTypeOf, test } from 'vitest';
import type {
  LabelSpace,
  Prediction,
  PredictSummary,
  StoredModel,
  Summary,
  TrainResult,
  Verdict,
} from '../../src/index.node.js';
import {
  evaluate,
  inspect,
  isCandorError,
  openModel,
  predict,
  readImage,
  train,
  writeMask,
} from '../../src/index.node.js';

test('the types of the public functions', () => {
  expectTypeOf(train).returns.resolves.toEqualTypeOf<TrainResult>();
  expectTypeOf(predict).returns.resolves.toEqualTypeOf<PredictSummary>();
  expectTypeOf(evaluate).returns.resolves.toHaveProperty('summary').toEqualTypeOf<Summary>();
  expectTypeOf(inspect).parameters.toEqualTypeOf<[path: string]>();
  expectTypeOf(openModel).returns.resolves.toHaveProperty('predict').returns.resolves.toEqualTypeOf<Prediction>();
  expectTypeOf(readImage)
    .returns.resolves.toHaveProperty('volume')
    .toHaveProperty('data')
    .toEqualTypeOf<Float32Array>();
  expectTypeOf(writeMask).parameter(1).toEqualTypeOf<Uint8Array>();
  expectTypeOf(isCandorError).guards.toHaveProperty('tag');
});

test('the types of results', () => {
  expectTypeOf<Verdict['verdict']>().toEqualTypeOf<'in-distribution' | 'out-of-distribution' | 'undetermined'>();
  expectTypeOf<Prediction['mask']>().toEqualTypeOf<Uint8Array>();
  expectTypeOf<Prediction['labels']>().toEqualTypeOf<LabelSpace>();
  expectTypeOf<StoredModel['tasks'][number]['labels']>().toEqualTypeOf<LabelSpace>();
});

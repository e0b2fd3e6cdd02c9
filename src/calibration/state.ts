/** What calibration keeps in a model file: per task its temperature, and the model's own figures on calibration images. */
import { z } from 'zod';
import { temperatureBounds } from './temperature.js';

export const taskCalibrationSchema = z.object({
  /** Divide logits by this before the sigmoid. */
  temperature: z.number().min(temperatureBounds.lowest).max(temperatureBounds.highest),
  /** Calibration cases the temperature was fitted on. */
  n: z.number().int().nonnegative(),
  /** Mean negative log likelihood per voxel of the region of interest, in nats, before and after; null where n = 0. */
  nllBefore: z.number().nonnegative().nullable(),
  nllAfter: z.number().nonnegative().nullable(),
  /** Expected calibration error in the region of interest, 15 bins, mean over cases. */
  eceBefore: z.number().min(0).max(1).nullable(),
  eceAfter: z.number().min(0).max(1).nullable(),
  /** Whether masks keep their largest connected component alone, since that has the higher mean Dice on these cases. */
  keepLargest: z.boolean().default(false),
  /** Mean Dice on the calibration cases, of masks as they are written: what an estimated Dice must beat. */
  meanDice: z.number().min(0).max(1).nullable(),
  /** Mean |estimated - true Dice| over calibration cases with a prediction. */
  estimatedDiceError: z.number().min(0).max(1).nullable(),
});

export type TaskCalibration = z.infer<typeof taskCalibrationSchema>;

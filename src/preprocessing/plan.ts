/**
 * A plan says how images of one task are brought to the network: orientation, spacing, intensity, patch and windows.
 * It is readable JSON, kept in the run folder and in the model file.
 */
import { z } from 'zod';

const positive = z.number().positive();
const side = z.number().int().positive();

const intensityPlanSchema = z.discriminatedUnion('kind', [
  z
    .strictObject({
      /** Each image by its own statistics, blind to labels: clip to two percentiles, then mean 0, sd 1. */
      kind: z.literal('z-score'),
      lowerPercentile: z.number().min(0).max(100),
      upperPercentile: z.number().min(0).max(100),
    })
    .refine((p) => p.lowerPercentile < p.upperPercentile, 'lowerPercentile must lie below upperPercentile'),
  z
    .strictObject({
      /** Fixed window for calibrated units (CT in Hounsfield units): clip, then (value - mean) / sd. */
      kind: z.literal('window'),
      lower: z.number(),
      upper: z.number(),
      mean: z.number(),
      sd: positive,
    })
    .refine((p) => p.lower < p.upper, 'lower must lie below upper'),
]);

export const planSchema = z.object({
  /** Axis codes after reorientation: always RAS (closest canonical). */
  orientation: z.literal('RAS'),
  /** Target voxel spacing in mm, (x, y, z). */
  spacing: z.tuple([positive, positive, positive]),
  /** Training patch and inference window in voxels, (x, y, z); each divisible by the network's stride. */
  patch: z.tuple([side, side, side]),
  /** Share of a window that overlaps its neighbour, 0 to 0.9. */
  overlap: z.number().min(0).max(0.9),
  /** Images that need more windows than this lie outside the task without being run, be it named or not. */
  maximumWindows: z.number().int().positive(),
  intensity: intensityPlanSchema,
  /** Added to stored values of every image run under this plan (to Hounsfield units); null where units are unknown. */
  intensityOffset: z.number().nullable(),
  /** Why each value was chosen, for people. */
  reasons: z.record(z.string(), z.string()),
});

export type IntensityPlan = z.infer<typeof intensityPlanSchema>;
export type Plan = z.infer<typeof planSchema>;
/** What a plan decides, without the reasons. */
export type PlanValues = Omit<Plan, 'reasons'>;

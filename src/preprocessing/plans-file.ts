/** `plans.json`: every value of every task's plan with its reason, for people to read, edit and hand back. */
import { z } from 'zod';
import { PlanError } from '../errors.js';
import type { Given, GivenValues } from './make-plan.js';
import { patchProblem } from './patch.js';
import { type Plan, type PlanValues, planSchema } from './plan.js';

const FORMAT = 'candor-plans/1';

/** What each value means; written into the file, ignored on reading. */
const meanings: Readonly<Record<keyof PlanValues, string>> = {
  orientation: 'axis codes that images are turned to; always RAS',
  spacing: 'voxel spacing in mm that images are resampled to, along right, anterior, superior',
  patch: "training patch and inference window in voxels, along the same axes; multiples of the network's stride",
  overlap: 'share of a window that overlaps its neighbour, 0 to 0.9',
  maximumWindows:
    'images that need more windows than this are taken as out of distribution without being run, and get no mask',
  intensity:
    'z-score: clip to two percentiles of the image, then mean 0 and sd 1; window: clip to lower and upper, then (value - mean) / sd',
  intensityOffset: 'added to stored values before anything else; null for nothing',
};
const keys = Object.keys(meanings) as (keyof PlanValues)[];

const { shape } = planSchema;
const given = <T extends z.ZodType>(value: T) => z.strictObject({ value, why: z.string().optional() }).optional();

const fileSchema = z.strictObject({
  format: z.literal(FORMAT),
  meanings: z.unknown().optional(),
  tasks: z.record(
    z.string(),
    z.strictObject({
      orientation: given(shape.orientation),
      spacing: given(shape.spacing),
      patch: given(shape.patch),
      overlap: given(shape.overlap),
      maximumWindows: given(shape.maximumWindows),
      intensity: given(shape.intensity),
      intensityOffset: given(shape.intensityOffset),
    }),
  ),
});

/** Plans by task name, as the file's JSON. */
export function plansToJson(plans: Readonly<Record<string, Plan>>): object {
  const task = (plan: Plan) =>
    Object.fromEntries(keys.map((key) => [key, { value: plan[key], why: plan.reasons[key] ?? '' }]));
  const tasks = Object.fromEntries(Object.entries(plans).map(([name, plan]) => [name, task(plan)]));
  return { format: FORMAT, meanings, tasks };
}

/**
 * Read values of plans from the text of such a file; it may hold only some tasks, and of them only some values.
 * @param file named in errors, and in the reasons of the values
 * @param tasks names of the tasks that there are
 * @param stride the network's
 * @throws PlanError naming the file and the place in it
 */
export function parsePlans(
  text: string,
  file: string,
  { tasks, stride }: { readonly tasks: readonly string[]; readonly stride: number },
): Record<string, GivenValues> {
  const parsed = fileSchema.safeParse(parseJson(text, file));
  if (!parsed.success) throw new PlanError({ file, problem: describe(parsed.error.issues[0]) });
  const result: Record<string, GivenValues> = {};
  for (const [name, values] of Object.entries(parsed.data.tasks)) {
    if (!tasks.includes(name)) {
      throw new PlanError({
        file,
        problem: `tasks: unknown task "${name}"; the data sets' tasks are ${tasks.join(', ')}`,
      });
    }
    const problem = values.patch && patchProblem(values.patch.value, stride);
    if (problem) throw new PlanError({ file, problem: `tasks.${name}.patch.value: ${problem}` });
    const why = `set by ${file}`;
    const entries = Object.entries(values).filter(([, entry]) => entry !== undefined);
    result[name] = Object.fromEntries(
      entries.map(([key, entry]) => [key, { value: entry.value, why } satisfies Given<unknown>]),
    );
  }
  return result;
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PlanError({ file, problem: `expected JSON, but ${(cause as Error).message}`, cause });
  }
}

function describe(issue: z.core.$ZodIssue): string {
  const where = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  const place = where === '' ? 'the top' : where.slice(1);
  if (issue.code !== 'unrecognized_keys') return `${place}: ${issue.message}`;
  const known = { 0: ['format', 'meanings', 'tasks'], 2: keys, 3: ['value', 'why'] }[issue.path.length];
  return `${place}: unknown key "${issue.keys[0]}"${known ? `; known are ${known.join(', ')}` : ''}`;
}

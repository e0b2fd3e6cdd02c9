/**
 * CT that was exported without its rescale intercept, beside CT that has it: air at 0 beside air at -1000. Learnt as it is,
 * soft tissue of one is dense bone of the other, and a model of both believes every later image without intercept.
 */
import { median } from '../math/statistics.js';
import type { Dataset } from './dataset.js';
import { isCt } from './dataset-remarks.js';
import { type Finding, someOf } from './finding.js';
import type { ScannedCase } from './scan.js';

/** Soft tissue of one scanner and another differs by far less. */
const APART = 500;
/** Intercepts are -1024 or -1000, give or take what is in the images. */
const INTERCEPT = { least: 850, most: 1150 };
/** Hounsfield units between which air and soft tissue are found. */
const AIR = { least: -1100, most: -850 };
const SOFT_TISSUE = { least: -250, most: 400 };
/** Too dense for air: an image whose low end lies here has no air, or is not in Hounsfield units. */
const NO_AIR = -200;

interface Level {
  readonly name: string;
  readonly low: number;
  readonly tissue: number;
}

/** All findings on where the intensities of a set of CT lie. */
export function checkOffsets(dataset: Dataset, scanned: readonly ScannedCase[], source: string): Finding[] {
  if (!isCt(dataset.modality)) return [];
  const levels = scanned.flatMap(({ case: c, image }): Level[] =>
    image && image.tissue !== null ? [{ name: c.name, low: image.low, tissue: image.tissue }] : [],
  );
  const mixed = twoClusters(levels);
  if (mixed) return [tellMixed(mixed, levels.length)];
  return levels.length > 0 ? checkStated(dataset, levels, source) : [];
}

interface Clusters {
  readonly lower: readonly Level[];
  readonly upper: readonly Level[];
}

const middle = (levels: readonly Level[], of: (level: Level) => number) => median(levels.map(of));
const isWithin = (value: number, { least, most }: { least: number; most: number }) => value >= least && value <= most;

/** The widest gap between the levels of soft tissue, if the low ends are apart as well, or the upper ones have no air. */
function twoClusters(levels: readonly Level[]): Clusters | null {
  const sorted = [...levels].sort((a, b) => a.tissue - b.tissue);
  const gaps = sorted.slice(1).map(({ tissue }, i) => tissue - sorted[i].tissue);
  const widest = gaps.indexOf(Math.max(...gaps));
  if (!(gaps[widest] >= APART)) return null;
  const [lower, upper] = [sorted.slice(0, widest + 1), sorted.slice(widest + 1)];
  const low = middle(upper, (level) => level.low);
  return low - middle(lower, (level) => level.low) >= APART / 2 || low >= NO_AIR ? { lower, upper } : null;
}

function tellMixed({ lower, upper }: Clusters, all: number): Finding {
  const [few, many] = lower.length < upper.length ? [lower, upper] : [upper, lower];
  const shift = middle(upper, (level) => level.tissue) - middle(lower, (level) => level.tissue);
  const air = [few, many].map((levels) => Math.round(middle(levels, (level) => level.low)));
  const tissue = [few, many].map((levels) => Math.round(middle(levels, (level) => level.tissue)));
  const isIntercept =
    isWithin(shift, INTERCEPT) &&
    isWithin(
      middle(lower, (level) => level.low),
      AIR,
    ) &&
    isWithin(
      middle(lower, (level) => level.tissue),
      SOFT_TISSUE,
    );
  const names = someOf(few.map(({ name }) => name).sort(), 10);
  const what =
    few === upper ? 'were probably exported without their rescale intercept' : 'alone have a rescale intercept';
  return {
    severity: isIntercept ? 'error' : 'warning',
    ...{ kind: 'mixed-intensity-offsets', case: null, file: null },
    message: `intensities fall into two groups about ${Math.round(shift)} apart: the low end lies at ${air[0]} and soft tissue at ${tissue[0]} in ${few.length} of ${all} images (${names}), at ${air[1]} and ${tissue[1]} in the others.`,
    advice: isIntercept
      ? `The ${few.length} ${what}: bring all images to Hounsfield units (air at -1000), since soft tissue would be learnt as dense bone, and every later scan without intercept would be believed.`
      : 'Bring all images to one scale, Hounsfield units at best: what is learnt of one group is wrong for the other.',
  };
}

/** Does "intensityOffset" lead to Hounsfield units? */
function checkStated({ intensityOffset }: Dataset, levels: readonly Level[], source: string): Finding[] {
  const [low, tissue] = [middle(levels, (level) => level.low), middle(levels, (level) => level.tissue)];
  const offset = intensityOffset ?? 0;
  if (isWithin(tissue + offset, { least: SOFT_TISSUE.least - 150, most: SOFT_TISSUE.most + 400 })) return [];
  const where = `Soft tissue seems to lie at ${Math.round(tissue)} and the low end at ${Math.round(low)}`;
  return [
    {
      severity: intensityOffset === null ? 'note' : 'warning',
      ...{ kind: 'doubtful-intensity-offset', case: null, file: source },
      message:
        intensityOffset === null
          ? 'the images are CT, but not in Hounsfield units, and no "intensityOffset" is given.'
          : `with the "intensityOffset" of ${intensityOffset} the images would not be in Hounsfield units.`,
      advice: `${where}: ${
        isWithin(tissue - 1024, SOFT_TISSUE)
          ? 'an "intensityOffset" of -1024 would lead to Hounsfield units.'
          : isWithin(tissue, SOFT_TISSUE)
            ? 'an "intensityOffset" of 0 would leave them as they are.'
            : 'see how they were exported.'
      }`,
    },
  ];
}

/** How to read the report: each measure in a sentence, and how the intervals were made. */
import type { SummarySettings } from '../evaluation/summary.js';
import { escapeHtml } from './html.js';

export function renderLeftOut(notes: readonly string[]): string {
  const items = notes.map((note) => `<li>${escapeHtml(note)}</li>`);
  const body =
    items.length === 0 ? '<p>Nothing: every case is in every figure.</p>' : `<ul>\n${items.join('\n')}\n</ul>`;
  return `<h2>What was left out, and why</h2>\n${body}`;
}

export function renderGuide({ resamples, seed, bins, alpha }: SummarySettings): string {
  const entries: [string, string][] = [
    ['Dice', 'Overlap of two masks, 0 (none) to 1 (identical). If both are empty it is 1; if only one is, it is 0.'],
    [
      'HD95, ASSD',
      'Distances in mm between the surfaces of the two masks, in the image’s own spacing: the 95th percentile and the ' +
        'mean. Undefined where only one mask is empty; such cases are counted under “What was left out”.',
    ],
    ['NSD', 'Normalised surface Dice: the share of both surfaces that lies within the stated tolerance of the other.'],
    [
      'ECE, ACE, MCE',
      `Gap between stated probability and observed frequency over ${bins ?? 'the'} bins: weighted by the number of ` +
        'voxels, unweighted, and the largest. 0 is perfect. NLL and Brier score also reward being sure where it is right.',
    ],
    [
      'p-value and alpha',
      'The share of calibration images that look at least as strange as this one. An image is flagged if its p-value is at ' +
        `most alpha (here ${alpha}), so that at most that share of familiar images is flagged, on average over ` +
        'calibration sets, as long as they come from the same source as the calibration images.',
    ],
    [
      'AUROC, AUPR, FPR at 95 % TPR',
      'How well a score tells two groups of images apart, whatever the threshold; unfamiliar is “positive”.',
    ],
    [
      'Familiar is not right',
      'A familiar image can be segmented badly, and a strange one well. The verdict says whether the model’s experience covers the image, nothing more.',
    ],
    [
      'Intervals',
      `95 % percentile bootstrap with ${resamples} resamples of whole groups (all images of one patient or source ` +
        `together), seed ${seed}. They cover the choice of test cases, not of training data or seeds. n counts images.`,
    ],
  ];
  const items = entries.map(([term, text]) => `<dt>${escapeHtml(term)}</dt><dd>${escapeHtml(text)}</dd>`);
  return `<h2>How to read this report</h2>\n<dl class="guide">\n${items.join('\n')}\n</dl>`;
}

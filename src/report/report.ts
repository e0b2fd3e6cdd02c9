/**
 * An evaluation as one page that a clinician and a reviewer can both read: what was found in words first, then tables,
 * figures and every case. One file, no script, no request to any other host.
 */
import type { CaseResult, ModelReference, UnlabelledResult } from '../evaluation/case-result.js';
import type { Summary } from '../evaluation/summary.js';
import { renderAccuracy } from './accuracy-section.js';
import { renderCalibration } from './calibration-section.js';
import { renderCases, renderPictures } from './cases-section.js';
import { renderFindings } from './findings.js';
import { renderGuide, renderLeftOut } from './guide-section.js';
import { escapeHtml, list, plural } from './html.js';
import { renderOod } from './ood-section.js';
import { renderRanking } from './ranking-section.js';
import { style } from './style.js';

export interface ReportModel extends ModelReference {
  /** One plain sentence on what the model is. */
  readonly about?: string;
}

export interface ReportSource {
  readonly summary: Summary;
  readonly cases: readonly CaseResult[];
  readonly unlabelled: readonly UnlabelledResult[];
  readonly model: ReportModel;
  /** Date to print, for example `2026-11-23`. Without one the same results give the same file. */
  readonly created?: string;
}

/** Render `report.html`. */
export function renderReport({ summary, cases, unlabelled, model, created }: ReportSource): string {
  const name = escapeHtml(model.name);
  const meta = [
    ...(created ? [escapeHtml(created)] : []),
    plural(cases.length, 'labelled test case'),
    plural(unlabelled.length, 'unfamiliar image'),
    `model <code>${escapeHtml(model.sha256.slice(0, 12))}</code>`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${name}: evaluation</title>
<style>${style}</style>
</head>
<body>
<main>
<header>
<p class="eyebrow">Evaluation report</p>
<h1>${name}</h1>
<p class="meta">${meta.join(' · ')}</p>
<p class="lede">${opening(summary, cases, unlabelled, model)}</p>
</header>
${renderFindings({ summary, cases, unlabelled })}
<p class="caution"><strong>Not a medical device.</strong> These figures describe one model on the images named here. They are
no evidence of safety or benefit for any patient, and no mask or verdict may guide care.</p>
${renderAccuracy(summary, cases)}
${renderPictures(cases)}
${renderCalibration(summary)}
${renderOod(summary, cases, unlabelled)}
${renderRanking(summary)}
${renderCases(cases, unlabelled)}
${renderLeftOut(summary.notes)}
${renderGuide(summary.settings)}
<footer>Made by Candor. Model ${name}, SHA-256 <code>${escapeHtml(model.sha256)}</code>. Not a medical device.</footer>
</main>
</body>
</html>
`;
}

function opening(
  summary: Summary,
  cases: readonly CaseResult[],
  unlabelled: readonly UnlabelledResult[],
  model: ReportModel,
): string {
  const tasks = Object.keys(summary.tasks).map(escapeHtml);
  const sets = [...new Set(unlabelled.map((c) => escapeHtml(c.set)))];
  const what = model.about ? `${escapeHtml(model.about)} It` : `${escapeHtml(model.name)}`;
  const strange =
    sets.length === 0
      ? ''
      : `, and shown ${plural(unlabelled.length, 'image')} that it is not meant for (${list(sets)})`;
  return (
    `${what} was tested on ${plural(cases.length, 'case')} of ${plural(tasks.length, 'task')} (${list(tasks)}) that were kept ` +
    `out of its training${strange}. This page says how far its masks agree with those of people, whether its probabilities ` +
    `can be taken at their word, and whether it notices images that it does not know.`
  );
}

/**
 * An evaluation as one page that a clinician and a reviewer can both read: what was found in words first, then tables,
 * figures and every case. One file, no script, no request to any other host.
 */
import type { CaseResult, FailedCase, ModelReference, OodResult } from '../evaluation/case-result.js';
import type { Summary } from '../evaluation/summary.js';
import { renderAccuracy } from './accuracy-section.js';
import { renderCalibration } from './calibration-section.js';
import { renderCases } from './cases-section.js';
import { renderContents } from './contents.js';
import { renderFindings } from './findings.js';
import { html, join, list, plural, raw } from './html.js';
import { renderLeftOut } from './left-out-section.js';
import { renderOod } from './ood-section.js';
import { type ReportProvenance, renderProvenance } from './provenance-section.js';
import { renderRanking } from './ranking-section.js';
import { renderForeground, renderStructures } from './structures-section.js';
import { style } from './style.js';

export interface ReportModel extends ModelReference {
  /** One plain sentence on what the model is. */
  readonly about?: string;
}

export interface ReportSource {
  readonly summary: Summary;
  readonly cases: readonly CaseResult[];
  readonly oodImages: readonly OodResult[];
  /** Labelled cases that could not be evaluated. */
  readonly failed: readonly FailedCase[];
  readonly model: ReportModel;
  readonly provenance: ReportProvenance;
  /** Date to print, for example `2026-11-23`. Without one the same results give the same file. */
  readonly created?: string;
}

/** The page may load nothing at all, whatever a hostile name in it should manage to say; its own style sheet is inline. */
const contentPolicy =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** Render `report.html`. */
export function renderReport(source: ReportSource): string {
  const { summary, cases, oodImages, failed, model, created } = source;
  const { name } = model;
  const meta = [
    ...(created ? [created] : []),
    plural(cases.length, 'labelled test case'),
    ...(failed.length > 0 ? [html`<span class="flag">${plural(failed.length, 'case')} failed</span>`] : []),
    plural(oodImages.length, 'out-of-distribution image'),
    html`model <code>${model.sha256.slice(0, 12)}</code>`,
  ];
  const body = html`${renderCases(summary, cases, failed)}
${renderAccuracy(summary, cases)}
${renderStructures(summary)}
${renderForeground(summary)}
${renderCalibration(summary)}
${renderOod(summary, cases, oodImages)}
${renderRanking(summary)}
${renderLeftOut(summary.notes)}
${renderProvenance({ model, provenance: source.provenance, settings: summary.settings })}`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${raw(contentPolicy)}">
<meta name="color-scheme" content="light dark">
<title>${name}: evaluation</title>
<style>${raw(style)}</style>
</head>
<body>
<main>
<header>
<p class="eyebrow">Evaluation report</p>
<h1>${name}</h1>
<p class="meta">${join(meta, ' · ')}</p>
<p class="lede">${opening(source)}</p>
</header>
<p class="caution"><strong>Not a medical device.</strong> These figures describe one model on the images named here. They are
no evidence of safety or benefit for any patient, and no mask or verdict may guide care.</p>
${renderFindings({ summary, cases, oodImages })}
${renderContents(body)}
${body}
<footer>Made by Candor. Model ${name}, SHA-256 <code>${model.sha256}</code>. Not a medical device.</footer>
</main>
</body>
</html>
`.toString();
}

function opening({ summary, cases, oodImages, failed, model }: ReportSource): string {
  const tasks = Object.keys(summary.tasks);
  const tasksText = tasks.length === 0 ? 'no task' : `${plural(tasks.length, 'task')} (${list(tasks)})`;
  const sets = [...new Set(oodImages.map((c) => c.set))];
  const what = model.about ? `${model.about} It` : `${model.name}`;
  const unlike =
    sets.length === 0
      ? ''
      : `, and shown ${plural(oodImages.length, 'image')} that it is not meant for (${list(sets)})`;
  const failing =
    failed.length === 0
      ? ''
      : ` ${plural(failed.length, 'more case')} could not be evaluated and ${failed.length === 1 ? 'is' : 'are'} named below.`;
  return (
    `${what} was tested on ${plural(cases.length, 'case')} of ${tasksText} kept out of its training${unlike}.${failing} This page says how far its masks agree with those of people, whether its probabilities ` +
    `can be taken at their word, and whether it detects images unlike those of its training.`
  );
}

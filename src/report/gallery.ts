/**
 * Every case as a picture, by task, the worst first: cases that failed altogether, then by Dice. Pictures share a budget
 * of characters, so that the page stays small however many cases there are; what does not fit is counted and said.
 */
import type { CaseResult, FailedCase } from '../evaluation/case-result.js';
import type { Summary } from '../evaluation/summary.js';
import { colourOf, renderOutlines, renderProbability } from './case-picture.js';
import { type Content, type Html, html, join, lengthOf, nothing, number, plural, shorten } from './html.js';

/** Characters of pictures that leave room for tables and figures in a file of 5 MB. */
const pictureBudget = 2_800_000;
/** Cards in all: more would be looked at by nobody. */
const maximumCards = 240;
/** Characters of one probability map: they come after all outlines, as far as room is left. */
const probabilityLimit = 60_000;
/** Characters of a message on a card. */
const messageLength = 300;

const verdictWords = {
  'in-distribution': 'in distribution',
  'out-of-distribution': 'out of distribution',
  undetermined: 'verdict undetermined',
} as const;

interface Card {
  readonly task: string;
  readonly result: CaseResult | FailedCase;
  /** Null where there is none, or none that fits. */
  outlines: Html | null;
  probability: Html | null;
}

/** Pictures of all cases, or of the worst of each task where there are too many. */
export function renderGallery(summary: Summary, cases: readonly CaseResult[], failed: readonly FailedCase[]): Html {
  const tasks = Object.keys(summary.tasks);
  const byTask = tasks.map((task) => rankCases(task, cases, failed));
  // The worst of every task before the others of any.
  const ranked = Array.from({ length: Math.max(0, ...byTask.map((own) => own.length)) }, (_, rank) =>
    byTask.flatMap((own) => own.slice(rank, rank + 1)),
  ).flat();
  const cards = ranked.slice(0, maximumCards);
  const tooLarge = draw(cards);
  const placeholder = new Set(summary.settings.placeholderSpacing);
  const sections = tasks.map((task) => {
    const own = cards.filter((card) => card.task === task && !tooLarge.has(card));
    const figures = own.map((card) => renderCard(card, placeholder.has(task)));
    return figures.length === 0
      ? nothing
      : html`<h3>${task}</h3>
${legend(Object.keys(summary.tasks[task].structures))}
<div class="pictures">${join(figures, '\n')}</div>`;
  });
  return html`${join(sections, '\n')}
${leftOut(ranked.length - cards.length, tooLarge.size)}`;
}

/** Which colour is which structure, where there are several. */
function legend(structures: readonly string[]): Html {
  if (structures.length < 2) return nothing;
  const keys = structures.map(
    (name, s) => html`<span class="structure" style="--colour: ${colourOf(s + 1)}"><i></i>${name}</span>`,
  );
  return html`<p class="legend">${join(keys, ' ')} · reference solid, prediction dashed</p>`;
}

function rankCases(task: string, cases: readonly CaseResult[], failed: readonly FailedCase[]): Card[] {
  const own = cases.filter((c) => c.task === task).sort((a, b) => a.dice - b.dice);
  return [...failed.filter((c) => c.task === task), ...own].map((result) => ({
    ...{ task, result },
    ...{ outlines: null, probability: null },
  }));
}

/** Fill in the pictures; gives the cards whose picture did not fit. */
function draw(cards: readonly Card[]): Set<Card> {
  const tooLarge = new Set<Card>();
  let room = pictureBudget;
  let waiting = cards.length;
  for (const card of cards) {
    // What small pictures leave over goes to those after them.
    const limit = room / waiting--;
    if ('error' in card.result || !card.result.picture) continue;
    card.outlines = renderOutlines(card.result.picture, { description: describe(card.result), limit });
    if (card.outlines === null) tooLarge.add(card);
    else room -= lengthOf(card.outlines);
  }
  for (const card of cards) {
    if (card.outlines === null || 'error' in card.result || room < probabilityLimit) continue;
    const description = `${card.result.case}: calibrated probability of foreground in orange`;
    card.probability = renderProbability(card.result.picture!, { description, limit: probabilityLimit });
    if (card.probability !== null) room -= lengthOf(card.probability);
  }
  return tooLarge;
}

function describe(c: CaseResult): string {
  return `${c.case} of ${c.task}: axial slice with the outlines of reference and prediction, Dice ${number(c.dice, 2)}`;
}

function renderCard({ result, outlines, probability }: Card, placeholder: boolean): Html {
  if ('error' in result) {
    return card(
      html`<p class="no-picture">Not evaluated</p>`,
      html`<b class="flag">Failed</b> · ${result.case}`,
      shorten(result.error.message, messageLength),
    );
  }
  const mm = placeholder ? 'mm (placeholder)' : 'mm';
  const details = [
    ...(result.referenceMl === 0 ? ['reference is empty'] : []),
    ...(result.predictedMl === 0 ? ['prediction is empty'] : []),
    ...(result.invalidVoxels ? ['the image holds NaN or infinite voxels'] : []),
    result.hd95Mm === null ? 'HD95 undefined' : `HD95 ${number(result.hd95Mm, 1)} ${mm}`,
    result.estimatedDice === null ? 'no estimated Dice' : `estimated Dice ${number(result.estimatedDice, 2)}`,
    verdictWord(result.verdict.verdict),
  ];
  return card(
    outlines === null ? html`<p class="no-picture">No picture was kept</p>` : [outlines, probability],
    html`<b>Dice ${number(result.dice, 2)}</b> · ${result.case}`,
    join(details, ' · '),
  );
}

/** The verdict in words, in colour where it is an alarm. */
export function verdictWord(verdict: keyof typeof verdictWords): Content {
  const words = verdictWords[verdict];
  return verdict === 'out-of-distribution' ? html`<span class="flag">${words}</span>` : words;
}

function card(picture: Content, title: Html, details: Content): Html {
  return html`<figure><div class="pair">${picture}</div><figcaption>${title}<span class="range">${details}</span></figcaption></figure>`;
}

function leftOut(tooMany: number, tooLarge: number): Html {
  const reasons = [
    ...(tooMany > 0
      ? [`${plural(tooMany, 'case')} with better figures, since only the worst ${maximumCards} of all tasks are shown`]
      : []),
    ...(tooLarge > 0 ? [`${plural(tooLarge, 'case')} whose picture is too large for its share of this file`] : []),
  ];
  if (reasons.length === 0) return nothing;
  return html`<p class="small">Pictures left out to keep this file below 5 MB: ${reasons.join('; ')}. Their figures are in the
table below and in cases.csv.</p>`;
}

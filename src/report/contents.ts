/** The sections of the report: one place for their titles, and the list of links at its head. */
import { type Html, html } from './html.js';

const titles = {
  cases: 'Every case',
  accuracy: 'Accuracy',
  structures: 'Structure by structure',
  calibration: 'Calibration',
  ood: 'Out-of-distribution images',
  ranking: 'Knowing when a mask is poor',
  'left-out': 'What was left out, and why',
  provenance: 'Where these figures come from',
} as const;

/** A section's heading, which the contents link to. */
export function heading(section: keyof typeof titles): Html {
  return html`<h2 id="${section}">${titles[section]}</h2>`;
}

/** Links to the sections that a page has. */
export function renderContents(page: Html): Html {
  const text = page.toString();
  const links = Object.entries(titles)
    .filter(([id]) => text.includes(`<h2 id="${id}">`))
    .map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`);
  return html`<nav aria-label="Contents"><ul>${links}</ul></nav>`;
}

/** The sections of the report: one place for their titles, and the list of links at its head. */
import { escapeHtml } from './html.js';

const titles = {
  cases: 'Every case',
  accuracy: 'Accuracy',
  calibration: 'Calibration',
  unfamiliar: 'Unfamiliar images',
  ranking: 'Knowing when a mask is poor',
  'left-out': 'What was left out, and why',
  provenance: 'Where these figures come from',
} as const;

/** A section's heading, which the contents link to. */
export function heading(section: keyof typeof titles): string {
  return `<h2 id="${section}">${escapeHtml(titles[section])}</h2>`;
}

/** Links to the sections that a page has. */
export function renderContents(page: string): string {
  const links = Object.entries(titles)
    .filter(([id]) => page.includes(`<h2 id="${id}">`))
    .map(([id, title]) => `<li><a href="#${id}">${escapeHtml(title)}</a></li>`);
  return `<nav aria-label="Contents"><ul>${links.join('')}</ul></nav>`;
}

/** The report's only style sheet: one accent colour, the reader's own fonts, light and dark, screen and paper. */

import { predictionColour, referenceColour } from './case-picture.js';

export const style = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1d2329; --muted: #59636e; --rule: #d9dee3; --wash: #f4f6f8;
  --accent: #0067a6; --line: #8a949e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --ink: #e4e8ec; --muted: #9da7b1; --rule: #333b43; --wash: #1c2227;
    --accent: #62b5ec; --line: #77828c;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif;
  font-variant-numeric: tabular-nums lining-nums;
}
main { max-width: 960px; margin: 0 auto; padding: 64px 32px 96px; }
.eyebrow { margin: 0 0 6px; color: var(--accent); font-size: 13px; font-weight: 600; letter-spacing: .08em; text-transform: uppercase; }
h1 { margin: 0; font-size: 36px; line-height: 1.15; font-weight: 650; letter-spacing: -.015em; overflow-wrap: anywhere; }
.meta { margin: 10px 0 0; color: var(--muted); font-size: 14px; overflow-wrap: anywhere; }
h2 { margin: 72px 0 12px; padding-top: 20px; border-top: 1px solid var(--rule); font-size: 23px; line-height: 1.25; font-weight: 620; letter-spacing: -.01em; }
h3 { margin: 36px 0 8px; font-size: 16px; font-weight: 620; }
p, ul, dl { max-width: 70ch; margin: 0 0 14px; }
ul { padding-left: 1.2em; }
li { margin-bottom: 5px; }
.lede { margin-top: 28px; font-size: 18.5px; line-height: 1.6; }
.findings { max-width: none; margin: 36px 0 0; border-top: 1px solid var(--rule); }
.findings div { display: grid; grid-template-columns: 210px 1fr; gap: 4px 32px; padding: 13px 0; border-bottom: 1px solid var(--rule); }
.findings dt { font-weight: 600; color: var(--accent); font-size: 15px; line-height: 1.65; }
.findings dd { margin: 0; max-width: 66ch; }
.caution { margin: 36px 0 0; max-width: none; padding: 12px 18px; border-left: 3px solid var(--accent); background: var(--wash); font-size: 15px; }
.small, figcaption { color: var(--muted); font-size: 14px; line-height: 1.5; }
code { font: .92em ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
abbr { text-decoration: none; cursor: help; }

.scroll { overflow-x: auto; margin: 18px 0 26px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; line-height: 1.4; }
caption { caption-side: top; padding-bottom: 8px; text-align: left; color: var(--muted); font-size: 14px; }
th, td { padding: 8px 14px 8px 0; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--rule); }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--muted); font-weight: 500; font-size: 13px; vertical-align: bottom; border-bottom: 1px solid var(--line); }
thead .number { white-space: normal; }
tbody th { font-weight: 560; overflow-wrap: break-word; min-width: 7em; max-width: 22em; }
.number { text-align: right; white-space: nowrap; }
.mean { display: block; font-weight: 560; }
.range, .n { display: block; color: var(--muted); font-size: 12px; font-weight: 400; }
.none { color: var(--muted); }
.repeat { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.paired tbody tr:nth-child(odd) > * { border-bottom: none; padding-bottom: 2px; }
.flag { color: var(--accent); font-weight: 620; white-space: nowrap; }
.pairs tbody th { width: 11em; font-weight: 400; color: var(--muted); }
.pairs thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.hash { overflow-wrap: anywhere; }
.dense { font-size: 12.5px; }
.dense th, .dense td { padding: 4px 10px 4px 0; }
.dense th:last-child, .dense td:last-child { padding-right: 0; }
.dense tbody th { font-weight: 400; }
.dense td:nth-child(2):not(.number) { min-width: 9em; overflow-wrap: anywhere; }
.dense td:last-child { min-width: 11em; overflow-wrap: anywhere; }

figure { margin: 24px 0 30px; }
figure > svg { display: block; max-width: 100%; height: auto; }
figcaption { max-width: 70ch; margin-top: 10px; }
svg text { fill: var(--muted); font-size: 12px; font-family: inherit; }
svg .row-label { fill: var(--ink); }
svg .section-title { fill: var(--ink); font-weight: 620; font-size: 13px; }
svg .axis-title, svg .note { font-size: 12px; }
svg .threshold-text { fill: var(--ink); }
svg .grid { stroke: var(--rule); stroke-width: 1; }
svg .rule { stroke: var(--rule); stroke-width: .5; }
svg .threshold { stroke: var(--ink); stroke-width: 1.25; stroke-dasharray: 4 3; }
svg .dot { fill: var(--paper); stroke: var(--line); stroke-width: 1.25; }
svg .dot.marked { fill: var(--accent); stroke: var(--accent); }
svg .median { stroke: var(--ink); stroke-width: 2; }
svg .diagonal { stroke: var(--line); stroke-width: 1; stroke-dasharray: 3 3; }
svg .curve { fill: none; stroke-width: 1.5; stroke-linejoin: round; }
svg .curve.before { stroke: var(--line); }
svg .curve.after { stroke: var(--accent); }
svg .bin.before { fill: var(--paper); stroke: var(--line); stroke-width: 1.25; }
svg .bin.after { fill: var(--accent); }
svg .count.before { fill: none; stroke: var(--line); }
svg .count.after { fill: var(--accent); fill-opacity: .35; }
.diagrams { display: flex; flex-wrap: wrap; gap: 22px 12px; }

.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(278px, 1fr)); gap: 26px 28px; margin: 14px 0 26px; }
.pictures figure { margin: 0; break-inside: avoid; }
.pair { display: flex; gap: 4px; height: 172px; align-items: stretch; }
.no-picture { flex: 1; display: grid; place-content: center; margin: 0; max-width: none; border: 1px dashed var(--line); border-radius: 2px; color: var(--muted); font-size: 13px; }
.pair .slice { flex: 1 1 0; min-width: 0; height: 100%; background: #000; border-radius: 2px; }
.pictures figcaption { color: var(--ink); }
.pictures figcaption b { font-weight: 620; }
.pictures figcaption .range { font-size: 12.5px; overflow-wrap: anywhere; }
.slice .reference, .slice .prediction { stroke-width: 1.6; stroke-linejoin: round; }
.slice .prediction { stroke-dasharray: 5 2.5; }
.structure { margin-right: 0.8em; white-space: nowrap; }
.structure i { display: inline-block; width: 0.8em; height: 0.8em; margin-right: 0.3em; background: var(--colour); }
.key { display: inline-block; width: 1.5em; height: 0; border-top: 3px solid; vertical-align: middle; margin-right: .35em; }
.key.reference { border-color: ${referenceColour}; }
.key.prediction { border-color: ${predictionColour}; border-top-style: dashed; }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 22px; max-width: none; margin: 36px 0 0; padding: 0; list-style: none; font-size: 15px; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.meanings { max-width: none; margin: 0 0 26px; padding: 4px 18px; background: var(--wash); font-size: 14px; line-height: 1.5; }
.meanings div { display: grid; grid-template-columns: 150px 1fr; gap: 2px 20px; padding: 7px 0; }
.meanings dt { font-weight: 600; }
.meanings dd { margin: 0; max-width: 78ch; }
details { margin: 0 0 22px; }
summary { cursor: pointer; color: var(--accent); font-size: 14px; }
footer { margin-top: 72px; padding-top: 20px; border-top: 1px solid var(--rule); color: var(--muted); font-size: 14px; }

@media (max-width: 640px) {
  main { padding: 32px 18px 64px; }
  h1 { font-size: 28px; }
  .findings div, .meanings div { grid-template-columns: 1fr; }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #ffffff; --ink: #000000; --muted: #444444; --rule: #cccccc; --wash: #ffffff; --accent: #005a94; --line: #777777;
  }
  @page { margin: 18mm 16mm; }
  body { font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  h2 { margin-top: 28pt; break-after: avoid; }
  h3, caption { break-after: avoid; }
  tr, figure, svg, .findings > div, .meanings > div { break-inside: avoid; }
  nav, details { display: none; }
  .meanings { padding: 0; font-size: 8pt; }
  .meanings div { padding: 3px 0; grid-template-columns: 110px 1fr; }
  thead { display: table-header-group; }
  .scroll { overflow: visible; }
  h1 { font-size: 22pt; }
  h2 { font-size: 14pt; }
  h3, .findings dt { font-size: 10pt; }
  .lede { font-size: 11.5pt; }
  .meta, .caution, caption, figcaption, .small { font-size: 8.5pt; }
  table { font-size: 7.5pt; }
  thead th { font-size: 7pt; }
  .range { font-size: 6.25pt; }
  .dense { font-size: 7pt; }
  th, td { padding: 4px 7px 4px 0; }
  .dense th, .dense td { padding: 2px 6px 2px 0; }
  .findings div { padding: 8px 0; }
  .pictures { grid-template-columns: repeat(3, 1fr); gap: 14px; }
  .pair { height: 108px; }
}
`;

/** Draws the README's picture of the digital phantoms. Run after `npm run build`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { makePicture } from '../dist/evaluation/picture.js';
import { referenceColour } from '../dist/report/case-picture.js';
import { contourPath } from '../dist/report/contour.js';
import { encodePng, pngDataUri } from '../dist/report/png.js';
import { makePhantom, phantomFamilies } from '../dist/transforms/phantoms.js';

const SIDE = 170;
const GAP = 12;
const SEED = 0;
const CASE = 3;

const panels = phantomFamilies.map((family, i) => {
  const { image, label } = makePhantom(family, SEED, CASE);
  const empty = new Uint8Array(label.data.length);
  const picture = makePicture({ image, reference: label.data, prediction: empty });
  const [width, height] = [picture.width * picture.spacing[0], picture.height * picture.spacing[1]];
  const scale = SIDE / Math.max(width, height);
  const left = GAP + i * (SIDE + GAP);
  const place = `translate(${left + (SIDE - width * scale) / 2} ${GAP + (SIDE - height * scale) / 2}) scale(${scale})`;
  const png = pngDataUri(encodePng(picture.width, picture.height, picture.image));
  const outline = family.ood
    ? ''
    : `<path d="${contourPath(picture.reference, picture.width, picture.height, picture.spacing)}" fill="none" stroke="${referenceColour}" stroke-width="${2 / scale}"/>`;
  const caption = family.ood ? 'never shown' : 'learned';
  return `<rect x="${left}" y="${GAP}" width="${SIDE}" height="${SIDE}" fill="#000"/>
<g transform="${place}"><image width="${width}" height="${height}" preserveAspectRatio="none" href="${png}"/>${outline}</g>
<text x="${left + SIDE / 2}" y="${SIDE + 2 * GAP + 10}" text-anchor="middle">${family.name} (${family.modality})</text>
<text x="${left + SIDE / 2}" y="${SIDE + 2 * GAP + 26}" text-anchor="middle" fill-opacity="0.6">${caption}</text>`;
});
const [width, height] = [GAP + phantomFamilies.length * (SIDE + GAP), SIDE + 2 * GAP + 36];
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="13" fill="#777">
<title>Digital phantoms: three organs that the network learns, outlined, and two kinds of image that it never sees</title>
${panels.join('\n')}
</svg>
`;
const folder = fileURLToPath(new URL('../docs/images/', import.meta.url));
mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}phantoms.svg`, svg);

/**
 * A case as a picture: the grey slice with both outlines, and beside it the probability that the model gave each pixel.
 * The slice is a PNG inside the page, the outlines are lines over it, so that they stay sharp when enlarged or printed.
 */
import type { Picture } from '../evaluation/picture.js';
import { contourPath } from './contour.js';
import { encodePng, pngDataUri } from './png.js';
import { element, px } from './svg.js';

/** Okabe and Ito's sky blue and orange: told apart in every common colour blindness, and both visible on grey. */
export const referenceColour = '#56B4E9';
export const predictionColour = '#E69F00';

/**
 * Render a picture as one or two inline SVGs side by side, in true proportions.
 * @param description what the pictures show, for those who cannot see them
 */
export function renderCasePicture(picture: Picture, description: string): string {
  const outlines =
    outline(picture, picture.reference, referenceColour, 'reference') +
    outline(picture, picture.prediction, predictionColour, 'prediction');
  const slice = panel(picture, encodePng(picture.width, picture.height, picture.image), outlines, description);
  if (!picture.probability) return slice;
  const overlay = encodePng(picture.width, picture.height, probabilityOverlay(picture.image, picture.probability), 3);
  return slice + panel(picture, overlay, '', `${description}; calibrated probability of foreground in orange`);
}

function panel({ width, height, spacing }: Picture, png: Uint8Array, marks: string, description: string): string {
  const w = width * spacing[0];
  const h = height * spacing[1];
  const image = element('image', {
    href: pngDataUri(png),
    width: w,
    height: h,
    // The element's box has the slice's true proportions; pixels need not be square.
    preserveAspectRatio: 'none',
  });
  return element(
    'svg',
    { class: 'slice', viewBox: `0 0 ${px(w)} ${px(h)}`, role: 'img', 'aria-label': description },
    image + marks,
  );
}

function outline(picture: Picture, mask: Uint8Array, colour: string, className: string): string {
  const d = contourPath(mask, picture.width, picture.height, picture.spacing);
  if (d === '') return '';
  return element('path', { class: className, d, fill: 'none', stroke: colour, 'vector-effect': 'non-scaling-stroke' });
}

/** The dimmed slice, tinted towards orange with the probability. */
function probabilityOverlay(image: Uint8Array, probability: Uint8Array): Uint8Array {
  const tint = [1, 3, 5].map((at) => Number.parseInt(predictionColour.slice(at, at + 2), 16));
  const rgb = new Uint8Array(image.length * 3);
  for (let i = 0; i < image.length; i++) {
    // Never quite opaque: the anatomy beneath stays visible.
    const share = (0.8 * probability[i]) / 255;
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = Math.round(image[i] * 0.7 * (1 - share) + tint[c] * share);
  }
  return rgb;
}

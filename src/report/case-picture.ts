/**
 * A case as a picture: the grey slice with both outlines, or with the probability that the model gave each pixel.
 * The slice is a PNG inside the page, the outlines are lines over it, so that they stay sharp when enlarged or printed.
 */
import type { Picture } from '../evaluation/picture.js';
import { labelColours } from '../formats/label-names.js';
import { contourPath } from './contour.js';
import { type Html, html, lengthOf, nothing } from './html.js';
import { encodePng, pngDataUri } from './png.js';
import { element, px } from './svg.js';

/**
 * Okabe and Ito's sky blue and orange: told apart in every common colour blindness, and both visible on grey. Without
 * colour, the prediction is known by its dashes.
 */
export const referenceColour = '#56B4E9';
export const predictionColour = '#E69F00';

/** The colour of a class by its number, from 1, in which both its outlines are drawn: that of its label in mask files. */
export function colourOf(number: number): string {
  const [red, green, blue] = labelColours[(number - 1) % labelColours.length].map((part) => Math.round(100 * part));
  return `rgb(${red}% ${green}% ${blue}%)`;
}

/** Pixels are averaged over up to this many a side to make a picture small; beyond, little can be seen. */
const coarsest = 4;

export interface PictureText {
  /** What the picture shows, for those who cannot see it. */
  readonly description: string;
  /** Characters that it may take: pixels are averaged until it fits. */
  readonly limit?: number;
}

/** The slice with the outlines of both masks, as an inline SVG in true proportions; null where it does not fit. */
export function renderOutlines(picture: Picture, text: PictureText): Html | null {
  const { classes = 1 } = picture;
  const numbers = Array.from({ length: classes }, (_, c) => c + 1);
  const outlines = html`${numbers.flatMap((number) => {
    const only = (mask: Uint8Array) => (classes === 1 ? mask : mask.map((value) => (value === number ? 1 : 0)));
    const [reference, prediction] =
      classes === 1 ? [referenceColour, predictionColour] : [colourOf(number), colourOf(number)];
    return [
      outline(picture, only(picture.reference), reference, 'reference'),
      outline(picture, only(picture.prediction), prediction, 'prediction'),
    ];
  })}`;
  return fitted(picture, text, outlines, (image) => ({ pixels: image, channels: 1 }));
}

/** The slice tinted with the probability of foreground, likewise; null too where no probabilities were kept. */
export function renderProbability(picture: Picture, text: PictureText): Html | null {
  const { probability } = picture;
  if (!probability) return null;
  return fitted(picture, text, nothing, (image, factor) => ({
    pixels: tint(image, average(picture, probability, factor)),
    channels: 3,
  }));
}

/** The finest rendering within the limit. */
function fitted(
  picture: Picture,
  { description, limit = Number.POSITIVE_INFINITY }: PictureText,
  marks: Html,
  paint: (image: Uint8Array, factor: number) => { pixels: Uint8Array; channels: 1 | 3 },
): Html | null {
  if (lengthOf(marks) > limit) return null;
  for (let factor = 1; factor <= coarsest; factor++) {
    const { pixels, channels } = paint(average(picture, picture.image, factor), factor);
    const png = encodePng(Math.ceil(picture.width / factor), Math.ceil(picture.height / factor), pixels, channels);
    const svg = panel(picture, factor, png, marks, description);
    if (lengthOf(svg) <= limit) return svg;
  }
  return null;
}

function panel({ width, height, spacing }: Picture, factor: number, png: Uint8Array, marks: Html, text: string) {
  const [w, h] = [width * spacing[0], height * spacing[1]];
  const image = element('image', {
    href: pngDataUri(png),
    // Averaged pixels at the right and lower edge reach beyond the slice, where the view ends.
    width: Math.ceil(width / factor) * factor * spacing[0],
    height: Math.ceil(height / factor) * factor * spacing[1],
    // The element's box has the slice's true proportions; pixels need not be square.
    preserveAspectRatio: 'none',
  });
  const values = { class: 'slice', viewBox: `0 0 ${px(w)} ${px(h)}`, role: 'img', 'aria-label': text };
  return element('svg', values, [image, marks]);
}

function outline(picture: Picture, mask: Uint8Array, colour: string, className: string): Html | null {
  const d = contourPath(mask, picture.width, picture.height, picture.spacing);
  if (d === '') return null;
  return element('path', { class: className, d, fill: 'none', stroke: colour, 'vector-effect': 'non-scaling-stroke' });
}

/** Means over blocks of `factor` x `factor` pixels, cut off at the edges. */
function average({ width, height }: Picture, pixels: Uint8Array, factor: number): Uint8Array {
  if (factor === 1) return pixels;
  const columns = Math.ceil(width / factor);
  return Uint8Array.from({ length: columns * Math.ceil(height / factor) }, (_, i) => {
    const [left, top] = [(i % columns) * factor, Math.floor(i / columns) * factor];
    const [right, bottom] = [Math.min(width, left + factor), Math.min(height, top + factor)];
    let sum = 0;
    for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += pixels[y * width + x];
    return Math.round(sum / ((right - left) * (bottom - top)));
  });
}

/** The dimmed slice, tinted towards orange with the probability. */
function tint(image: Uint8Array, probability: Uint8Array): Uint8Array {
  const colour = [1, 3, 5].map((at) => Number.parseInt(predictionColour.slice(at, at + 2), 16));
  const rgb = new Uint8Array(image.length * 3);
  for (let i = 0; i < image.length; i++) {
    // Never quite opaque: the anatomy beneath stays visible.
    const share = (0.8 * probability[i]) / 255;
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = Math.round(image[i] * 0.7 * (1 - share) + colour[c] * share);
  }
  return rgb;
}

/** From painted tissue to what a scanner would show: noise, shading and units of CT, MR and ultrasound. */
import type { Random } from '../../math/random.js';
import { mapVec3 } from '../../math/vector.js';
import { blur } from '../intensity.js';
import { fillNormal, smoothField } from '../noise.js';
import type { Canvas } from './canvas.js';

/** A smooth field over the canvas with the given length of correlation in mm. */
export function tissueField(canvas: Canvas, millimetres: number, random: Random): Float32Array {
  return smoothField(
    canvas.size,
    mapVec3(canvas.spacing, (s) => Math.max(1, millimetres / s)),
    random,
  );
}

/** CT: noise correlated by the reconstruction kernel in the axial plane, whole Hounsfield units, air at -1000. */
export function acquireCt(canvas: Canvas, noiseSd: number, random: Random): void {
  const { signal, size } = canvas;
  const noise = fillNormal(new Float32Array(signal.length), random);
  const sigma = 0.7;
  blur(noise, size, [sigma, sigma, 0]);
  // White noise blurred along two axes keeps about 1 / (2 sqrt(pi) sigma) of its sd.
  const scale = noiseSd * 2 * Math.sqrt(Math.PI) * sigma;
  for (let i = 0; i < signal.length; i++) signal[i] = Math.max(-1024, Math.round(signal[i] + scale * noise[i]));
}

export interface MrSettings {
  /** Sd of each channel's noise, relative to a tissue signal of 1. */
  readonly noiseSd: number;
  /** Sd of the logarithm of the receive field. */
  readonly biasSd: number;
  /** Stored units of a tissue signal of 1. */
  readonly units: number;
}

/** MR: smooth receive field, then the magnitude of a signal with complex noise (Rician; Gudbjartsson and Patz 1995). */
export function acquireMr(canvas: Canvas, settings: MrSettings, random: Random): void {
  const { signal, size } = canvas;
  const field = smoothField(
    size,
    mapVec3(size, (n) => n * 0.6),
    random,
  );
  const real = fillNormal(new Float32Array(signal.length), random);
  const imaginary = fillNormal(new Float32Array(signal.length), random);
  const { noiseSd, biasSd, units } = settings;
  for (let i = 0; i < signal.length; i++) {
    const a = signal[i] * Math.exp(biasSd * field[i]) + noiseSd * real[i];
    const b = noiseSd * imaginary[i];
    signal[i] = Math.round(units * Math.sqrt(a * a + b * b));
  }
}

export interface UltrasoundSettings {
  /** Range of the logarithmic display, in dB. */
  readonly dynamicRange: number;
  /** Loss of signal per mm of depth, in dB, that the gain does not make up for. */
  readonly attenuation: number;
  /** mm from the apex of the fan to the skin, and half its opening in degrees. */
  readonly apex: number;
  readonly halfAngle: number;
}

/**
 * Ultrasound: tissue signal is echogenicity; fully developed speckle (magnitude of correlated complex noise), logarithmic
 * display 0 to 255, and a fan that opens from the anterior side, 0 outside it.
 */
export function acquireUltrasound(canvas: Canvas, settings: UltrasoundSettings, random: Random): void {
  const { signal, size, spacing } = canvas;
  const real = fillNormal(new Float32Array(signal.length), random);
  const imaginary = fillNormal(new Float32Array(signal.length), random);
  blur(real, size, [0.9, 0.45, 0.7]);
  blur(imaginary, size, [0.9, 0.45, 0.7]);
  const { dynamicRange, attenuation, apex, halfAngle } = settings;
  const slope = Math.tan((halfAngle * Math.PI) / 180);
  const height = size[1] * spacing[1];
  for (let i = 0; i < signal.length; i++) {
    const x = ((i % size[0]) - (size[0] - 1) / 2) * spacing[0];
    const depth = (size[1] - 0.5 - (Math.floor(i / size[0]) % size[1])) * spacing[1];
    const range = Math.hypot(x, depth + apex);
    if (range < apex || range > apex + height || Math.abs(x) > slope * (depth + apex)) {
      signal[i] = 0;
      continue;
    }
    const echo = Math.max(1e-4, signal[i]) * Math.hypot(real[i], imaginary[i]);
    const decibels = 20 * Math.log10(echo + 1e-6) - attenuation * (range - apex) + dynamicRange;
    signal[i] = Math.round(Math.min(255, Math.max(0, (255 * decibels) / dynamicRange)));
  }
}

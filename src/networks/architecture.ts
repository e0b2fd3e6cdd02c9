/** What a network is, as data: enough to rebuild any of its graphs from a model file. */
import { z } from 'zod';

export const architectureSchema = z.object({
  kind: z.literal('unet'),
  /** Spatial dimensions: all networks have three; files say so. */
  dimensions: z.literal(3),
  /** Channels of each stage, full resolution first; each further stage halves every spatial axis. */
  channels: z.array(z.number().int().min(1).max(1024)).min(2).max(7),
  /** 3x3x3 convolutions of each stage, in the encoder as in the decoder, full resolution first; absent: two each. */
  convolutions: z.array(z.number().int().min(1).max(4)).max(7).optional(),
  /** Logits a voxel, one a structure of the task that has most; absent: one. */
  heads: z.number().int().min(1).max(254).optional(),
});

export type Architecture = z.infer<typeof architectureSchema>;

export const presetNames = ['tiny', 'small', 'base'] as const;
export type Preset = (typeof presetNames)[number];

interface PresetSettings {
  readonly architecture: Architecture;
  /** Voxels of a training patch. */
  readonly patchVoxels: number;
  /** Steps of a run where neither steps nor minutes are asked for. */
  readonly steps: number;
}

/** One convolution instead of two at full resolution, where a step spends most of its time. */
const fourStages: Architecture = {
  kind: 'unet',
  dimensions: 3,
  channels: [16, 32, 64, 128],
  convolutions: [1, 2, 2, 2],
};

/**
 * `tiny` learns phantoms in a minute; `small` is the 3D U-Net of 1.8 million weights that a few small data sets and two
 * cores call for; `base` is the same network on patches of more than twice the volume, which let large organs be seen
 * at a finer spacing.
 */
export const presets: Readonly<Record<Preset, PresetSettings>> = {
  tiny: { architecture: { kind: 'unet', dimensions: 3, channels: [8, 16, 32] }, patchVoxels: 40 ** 3, steps: 400 },
  small: { architecture: fourStages, patchVoxels: 48 ** 3, steps: 6000 },
  base: { architecture: fourStages, patchVoxels: 64 ** 3, steps: 6000 },
};

/** Convolutions of a stage, in the encoder as in the decoder. */
export function convolutionsOf({ convolutions }: Architecture, stage: number): number {
  return convolutions?.[stage] ?? 2;
}

/** Logits a voxel. */
export function headsOf({ heads = 1 }: Architecture): number {
  return heads;
}

/** The network with as many logits as the largest of some tasks needs. */
export function withHeads(architecture: Architecture, heads: number): Architecture {
  return heads === headsOf(architecture) ? architecture : { ...architecture, heads };
}

/** Every side of an input must be divisible by this. */
export function strideOf(architecture: Architecture): number {
  return 2 ** (architecture.channels.length - 1);
}

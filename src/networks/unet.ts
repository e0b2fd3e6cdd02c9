/**
 * The U-Net (Ronneberger et al. 2015, Çiçek et al. 2016 for 3D): per stage 3x3x3 convolutions
 * with instance norm and ReLU, strided convolution down, transposed convolution up, skip connections by concatenation,
 * the logits shared by all tasks (Karimi and Gholipour 2020).
 */
import type { Tensor } from '../graph/tensor.js';
import { type Architecture, convolutionsOf, headsOf } from './architecture.js';
import type { Layers } from './layers/layers.js';
import type { ParameterSpec } from './parameters.js';

/** A feature map whose spectrum is part of the signature: the last convolution of a stage, before norm and ReLU. */
export interface FeatureLayer {
  readonly name: string;
  readonly channels: number;
  /** Halvings of every spatial axis before it. */
  readonly stage: number;
  /** Its Gram matrix sums over every so many-th row of voxels, see {@link featureLayers}. */
  readonly rowStep: number;
}

/** Networks of fewer stages work on small images, whose few rows differ: all of them count. */
const SAMPLED_STAGES = 4;

/**
 * Layers of the signature from first encoder stage to last decoder stage; the last is the one of the paper. In networks of
 * four stages or more, as many rows of each stage count as the deepest has: neighbours say nearly the same, and a 16 x 16
 * matrix of ten thousand voxels is as good as one of a hundred thousand, at a fraction of the cost.
 */
export function featureLayers({ channels }: Architecture): FeatureLayer[] {
  const deepest = channels.length - 1;
  const encoder = channels.map((c, i) => ({
    name: `encoder${i}`,
    channels: c,
    stage: i,
    rowStep: channels.length < SAMPLED_STAGES ? 1 : 2 ** (deepest - i),
  }));
  const decoder = encoder.slice(0, -1).map((layer) => ({ ...layer, name: `decoder${layer.stage}` }));
  return [...encoder, ...decoder.reverse()];
}

/** All weights of a U-Net, in the order of the flat vector. */
export function unetParameters(architecture: Architecture): ParameterSpec[] {
  const { channels } = architecture;
  const specs: ParameterSpec[] = [];
  const weight = (name: string, out: number, into: number, size: number, initial: 'he' | 'xavier' = 'he') => {
    const kernel = [size, size, size];
    const fanIn = into * size ** 3;
    specs.push({ name: `${name}.weight`, shape: [out, into, ...kernel], initial, fanIn, decay: true });
  };
  const vector = (name: string, length: number, initial: number) =>
    specs.push({ name, shape: [length], initial, fanIn: 1, decay: false });
  const block = (name: string, stage: number, into: number) => {
    const out = channels[stage];
    for (let i = 0; i < convolutionsOf(architecture, stage); i++) {
      weight(`${name}.conv${i}`, out, i === 0 ? into : out, 3);
      vector(`${name}.norm${i}.scale`, out, 1);
      vector(`${name}.norm${i}.bias`, out, 0);
    }
  };
  channels.forEach((c, i) => {
    if (i > 0) {
      weight(`down${i - 1}`, c, channels[i - 1], 2);
      vector(`down${i - 1}.bias`, c, 0);
    }
    block(`encoder${i}`, i, i === 0 ? 1 : c);
  });
  for (let i = channels.length - 2; i >= 0; i--) {
    // A transposed convolution's weight is [in, out, ...]; with kernel = stride each output sums over `in` values.
    const shape = [channels[i + 1], channels[i], 2, 2, 2];
    specs.push({ name: `up${i}.weight`, shape, initial: 'xavier', fanIn: channels[i + 1], decay: true });
    vector(`up${i}.bias`, channels[i], 0);
    block(`decoder${i}`, i, 2 * channels[i]);
  }
  const heads = headsOf(architecture);
  weight('head', heads, channels[0], 1, 'xavier');
  vector('head.bias', heads, 0);
  return specs;
}

/** Places where channel dropout may act, with their channels: every stage's end but those at full resolution. */
export function dropoutPlaces(architecture: Architecture): FeatureLayer[] {
  return featureLayers(architecture).filter(({ stage }) => stage > 0);
}

export interface UnetOutputs {
  /** `[batch, heads, ...space]`, a logit a structure against a background of 0. */
  readonly logits: Tensor;
  /** Feature maps of {@link featureLayers}, by name. */
  readonly features: ReadonlyMap<string, Tensor>;
}

/**
 * The forward pass on `image` `[batch, 1, ...space]`, each side divisible by the network's stride, computed by `layers`.
 * `dropout` holds channel masks `[batch, channels, 1, ...]` by place, if dropout is on.
 */
export function unet(
  architecture: Architecture,
  image: Tensor,
  parameters: ReadonlyMap<string, Tensor>,
  layers: Layers,
  dropout?: ReadonlyMap<string, Tensor>,
): UnetOutputs {
  const { channels } = architecture;
  const p = (name: string) => parameters.get(name)!;
  const features = new Map<string, Tensor>();

  const block = (name: string, stage: number, ...inputs: Tensor[]): Tensor => {
    let x = inputs;
    for (let i = 0; i < convolutionsOf(architecture, stage); i++) {
      const convolved = layers.conv(x, p(`${name}.conv${i}.weight`));
      features.set(name, convolved);
      x = [layers.normRelu(convolved, p(`${name}.norm${i}.scale`), p(`${name}.norm${i}.bias`))];
    }
    const mask = dropout?.get(name);
    return mask ? layers.scaleChannels(x[0], mask) : x[0];
  };

  const skips: Tensor[] = [];
  let x = layers.enter(image);
  channels.forEach((_, i) => {
    if (i > 0) x = layers.down(x, p(`down${i - 1}.weight`), p(`down${i - 1}.bias`));
    x = block(`encoder${i}`, i, x);
    skips.push(x);
  });
  for (let i = channels.length - 2; i >= 0; i--) {
    x = block(`decoder${i}`, i, layers.up(x, p(`up${i}.weight`), p(`up${i}.bias`)), skips[i]);
  }
  return { logits: layers.head(x, p('head.weight'), p('head.bias')), features };
}

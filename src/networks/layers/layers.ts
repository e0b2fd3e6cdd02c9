/**
 * What a U-Net is made of, apart from how it is computed: a layout of feature maps and the layers over it. The plain
 * layers are the operators that any ONNX runtime knows; others compute the same faster where an engine allows it.
 */
import type { Tensor } from '../../graph/tensor.js';

export interface Layers {
  /** An image `[batch, 1, ...space]` into this layout. */
  enter(image: Tensor): Tensor;
  /** Convolution at stride 1 that keeps the size, over the inputs as if they were concatenated. */
  conv(inputs: readonly Tensor[], weight: Tensor): Tensor;
  /** Instance norm, scale and bias per channel, ReLU. */
  normRelu(x: Tensor, scale: Tensor, bias: Tensor): Tensor;
  /** Multiply whole channels by `mask` `[batch or 1, channels, 1, ...]`. */
  scaleChannels(x: Tensor, mask: Tensor): Tensor;
  /** Convolution with kernel and stride 2. */
  down(x: Tensor, weight: Tensor, bias: Tensor): Tensor;
  /** Transposed convolution with kernel and stride 2. */
  up(x: Tensor, weight: Tensor, bias: Tensor): Tensor;
  /** Logits of each voxel, `[batch, heads, ...space]`, by a weight `[heads, channels, 1, ...]`. */
  head(x: Tensor, weight: Tensor, bias: Tensor): Tensor;
  /**
   * Uncentred second moments of a feature map, sums over voxels of products of channels, `[batch, 1, C, C]`: over every
   * `rowStep`-th row, from the first on. `rowStep` divides the height.
   */
  gram(x: Tensor, rowStep: number): Tensor;
}

/** Layers over one graph for images of one shape. */
export type LayersFactory = (image: Tensor) => Layers;

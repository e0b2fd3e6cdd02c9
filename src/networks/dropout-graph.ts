/** The deployed network with dropped channels: what Monte-Carlo dropout (Gal and Ghahramani 2016) runs. */
import { Graph } from '../graph/graph.js';
import type { Random } from '../math/random.js';
import type { Architecture } from './architecture.js';
import { plainLayers } from './layers/plain.js';
import { constantParameters } from './parameters.js';
import { dropoutInput, IMAGE, LOGITS } from './tensor-names.js';
import { dropoutPlaces, unet, unetParameters } from './unet.js';

/**
 * Inputs `image` as in the deploy graph and `dropout/<place>` `[1, channels, 1, 1, 1]`, the masks that all images of a
 * batch are run with; output `logits`.
 */
export function dropoutGraph(architecture: Architecture, weights: Float32Array): Graph {
  const graph = new Graph();
  const image = graph.input(IMAGE, ['batch', 1, 'depth', 'height', 'width']);
  const parameters = constantParameters(unetParameters(architecture), weights, graph);
  const masks = new Map(
    dropoutPlaces(architecture).map(({ name, channels }) => [
      name,
      graph.input(dropoutInput(name), [1, channels, 1, 1, 1]),
    ]),
  );
  graph.output(LOGITS, unet(architecture, image, parameters, plainLayers(image), masks).logits);
  return graph;
}

/** One factor a channel: 0 with probability `dropout`, else 1 / (1 - dropout), so that the expectation stays. */
export function channelMask(channels: number, dropout: number, random: Random): Float32Array {
  return Float32Array.from({ length: channels }, () => (random.chance(dropout) ? 0 : 1 / (1 - dropout)));
}

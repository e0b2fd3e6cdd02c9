/**
 * Networks as values, of whatever kind: what a model file holds and what {@link networkOf} makes of it. A kind is a
 * file beside this one, a member of {@link Network}, and a row in the schema.
 */
import { z } from 'zod';
import { type Architecture, architectureSchema } from './architecture.js';
import { builtNetwork } from './built-network.js';
import type { NetworkDescription } from './description.js';

export type { NetworkDescription } from './description.js';
export type { FeatureLayer } from './unet.js';

/** A network that Candor builds, and can train, from an architecture. */
export interface Built {
  readonly kind: 'built';
  readonly architecture: Architecture;
}

/**
 * What a model file says of its network, weights apart: plain data. A member must hold whatever {@link networkOf} needs
 * to give all of {@link NetworkDescription}, and its form in the file must differ in `kind` from that of all others.
 */
export type Network = Built;

/** The form in the model file: of a network that is built, its architecture, as in all files so far. */
export const networkSchema = z.discriminatedUnion('kind', [architectureSchema]);

type StoredNetwork = z.infer<typeof networkSchema>;

/** A network that Candor builds. */
export function built(architecture: Architecture): Built {
  return { kind: 'built', architecture };
}

export function networkFromFile(stored: StoredNetwork): Network {
  return built(stored);
}

export function networkToFile(network: Network): StoredNetwork {
  return network.architecture;
}

/** The network that a model file, or a training run, tells of. */
export function networkOf(network: Network): NetworkDescription {
  return builtNetwork(network.architecture);
}

/** Training samples in memory that threads share, so that a worker reads them without a copy of its own. */
import type { TrainingSample } from '../transforms/sample-patch.js';

/** The sample with its arrays on SharedArrayBuffers; arrays that are there already are taken as they are. */
export function toShared(source: TrainingSample): TrainingSample {
  const { image, labels, foreground } = source;
  return {
    ...source,
    image: isShared(image) ? image : copyTo(new Float32Array(share(image)), image),
    labels: isShared(labels) ? labels : copyTo(new Uint8Array(share(labels)), labels),
    foreground: isShared(foreground) ? foreground : copyTo(new Uint32Array(share(foreground)), foreground),
  };
}

type Numbers = Float32Array | Uint8Array | Uint32Array;
const isShared = ({ buffer }: Numbers) => buffer instanceof SharedArrayBuffer;
const share = ({ byteLength }: Numbers) => new SharedArrayBuffer(byteLength);

function copyTo<T extends Numbers>(target: T, source: T): T {
  target.set(source);
  return target;
}

/** Names of detectors as a reader of the report knows them. */

const names: Readonly<Record<string, string>> = {
  'soft-maximum': 'Spectral signature, all layers',
  'paper-signature': 'Spectral signature, last layer',
  'intensity-histogram': 'Intensity histogram',
  entropy: 'Voxel entropy',
};

/** A detector's full name; its own identifier where it is not one of Candor's. */
export function detectorName(detector: string): string {
  return names[detector] ?? detector;
}

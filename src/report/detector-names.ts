/** Names of detectors, and of the other scores that cases are ranked by, as a reader of the report knows them. */

const names: Readonly<Record<string, string>> = {
  'soft-maximum': 'Spectral signature, all layers',
  'paper-signature': 'Spectral signature, last layer',
  'intensity-histogram': 'Intensity histogram',
  entropy: 'Voxel entropy',
  'estimated-dice': '1 − estimated Dice',
};

/** A detector's full name; its own identifier where it is not one of Candor's. */
export function detectorName(detector: string): string {
  return names[detector] ?? detector;
}

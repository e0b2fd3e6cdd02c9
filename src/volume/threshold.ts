/** 1 where a value is above `limit`, else 0: NaN is not above anything. */
export function threshold(values: Float32Array, limit: number): Uint8Array<ArrayBuffer> {
  const mask = new Uint8Array(values.length);
  for (let i = 0; i < mask.length; i++) if (values[i] > limit) mask[i] = 1;
  return mask;
}

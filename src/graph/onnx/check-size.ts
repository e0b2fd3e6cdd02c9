/**
 * A bound on what decoding may cost: an empty message is two bytes of a file and hundreds of memory, so that a file of
 * some megabytes could ask for gigabytes. The bytes are walked once, before anything is built of them.
 */
import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** Messages and integers together; a model of Candor has some thousands. */
const MAXIMUM_PARTS = 250_000;
/** A model's messages lie six deep. */
const MAXIMUM_DEPTH = 100;

/** Packed, an integer of one byte becomes a bigint; floats take hardly more than in the file. */
function isPackedIntegers(field: DescField): boolean {
  return field.fieldKind === 'list' && field.listKind === 'scalar' && field.scalar === ScalarType.INT64;
}

/**
 * Walk encoded bytes of a message.
 * @throws an Error that says in a phrase what is wrong: callers name the file
 */
export function refuseOversized(schema: DescMessage, bytes: Uint8Array): void {
  let parts = 0;
  const add = (more: number) => {
    parts += more;
    if (parts > MAXIMUM_PARTS) throw new Error(`more than ${MAXIMUM_PARTS} parts`);
  };
  const walk = (message: DescMessage, content: Uint8Array, depth: number): void => {
    if (depth > MAXIMUM_DEPTH) throw new Error(`messages more than ${MAXIMUM_DEPTH} deep`);
    const fields = new Map(message.fields.map((field) => [field.number, field]));
    const reader = new BinaryReader(content);
    while (reader.pos < reader.len) {
      const [number, wire] = reader.tag();
      const field = fields.get(number);
      if (wire !== WireType.LengthDelimited || !field) {
        reader.skip(wire, number, MAXIMUM_DEPTH);
        add(1);
        continue;
      }
      const inner = reader.bytes();
      if (field.message) {
        add(1);
        walk(field.message, inner, depth + 1);
      } else add(isPackedIntegers(field) ? inner.length : 1);
    }
  };
  walk(schema, bytes, 0);
}

#!/usr/bin/env bash
# @itk-wasm/image-io 1.6.1: a compressed MetaImage (.mha) whose header has no CompressedDataSize is read as zeros,
# and `couldRead` is true: but for a line "Uncompress failed" on the terminal nothing tells that no voxel was read.
#
# CompressedDataSize is written by ITK, but the voxels of a LOCAL file end where the file ends, so that a writer may
# leave it out; with the key the same bytes are read right.
#
# Seen: with the key [1, 2, 3, 4, 5, ...], sum 7260; without it [0, 0, 0, 0, 0, ...], sum 0; couldRead true for both.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{"type": "module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @itk-wasm/image-io@1.6.1
cat > run.mjs <<'J'
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { deflateSync } from 'node:zlib';
import { metaReadImageNode } from '@itk-wasm/image-io';

const voxels = Int16Array.from({ length: 6 * 5 * 4 }, (_, i) => i + 1);
const compressed = deflateSync(Buffer.from(voxels.buffer));
const header = (size) => `ObjectType = Image
NDims = 3
DimSize = 6 5 4
ElementSpacing = 1 1 2
ElementType = MET_SHORT
ElementByteOrderMSB = False
CompressedData = True
${size}ElementDataFile = LOCAL
`;
writeFileSync('with.mha', Buffer.concat([Buffer.from(header(`CompressedDataSize = ${compressed.length}\n`)), compressed]));
writeFileSync('without.mha', Buffer.concat([Buffer.from(header('')), compressed]));
const sums = [];
for (const name of ['with.mha', 'without.mha']) {
  const { couldRead, image } = await metaReadImageNode(resolve(name));
  const sum = Array.from(image.data).reduce((a, b) => a + b, 0);
  console.log(name, { couldRead, size: image.size, first: Array.from(image.data.slice(0, 5)), sum });
  sums.push(couldRead ? sum : 'refused');
}
if (sums[0] !== 7260 || sums[1] !== 0) throw new Error(`expected sums of 7260 and 0, found ${sums}: the behaviour has changed`);
process.exit(0);
J
node run.mjs
echo "as described: zeros without a word"

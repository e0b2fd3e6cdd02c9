/** MetaImage, in one file (.mha) or with its voxels in another (.mhd). */
import { spacingOf } from '../../volume/orientation.js';
import type { ImageFormat } from '../format.js';
import type { ImageHeader } from '../image.js';
import { metaImageFields } from '../label-names.js';
import { lpsOf } from '../lps.js';
import { mapsOf, storedParts } from '../result-parts.js';
import { MAXIMUM_TEXT_HEADER, withVoxels } from '../text/text-header.js';
import { joined, latin1Bytes } from '../text/write-text.js';
import { hostIsLittleEndian } from '../voxels.js';
import { geometryKeys, geometryOf } from './geometry.js';
import { isMetaImage, readFields, storeOf, typeOf } from './header.js';

/** The image's own lines of geometry where it is a MetaImage, else those of its grid. */
function geometryLines({ format, source, grid }: ImageHeader, isSeries: boolean): readonly string[] {
  if (format === 'MetaImage' && source !== null && !isSeries) return source as readonly string[];
  const { axes, origin } = lpsOf(grid.affine);
  const spacing = spacingOf(grid.affine);
  const rows = axes.map((axis, i) => axis.map((step) => step / spacing[i]));
  // A fourth axis stands for itself.
  const [matrix, fourth] = isSeries
    ? [[...rows.map((row) => [...row, 0]), [0, 0, 0, 1]], (value: number) => ` ${value}`]
    : [rows, () => ''];
  return [
    `TransformMatrix = ${matrix.flat().join(' ')}`,
    `Offset = ${origin.join(' ')}${fourth(0)}`,
    `CenterOfRotation = 0 0 0${fourth(0)}`,
    `ElementSpacing = ${spacing.join(' ')}${fourth(1)}`,
  ];
}

export const metaImage: ImageFormat = {
  name: 'MetaImage',
  endings: ['.mha', '.mhd'],
  voxelEndings: [],
  result: { ending: 'mha', mask: 'mha' },
  recognises: isMetaImage,
  readHeader: async (file, inflate) => {
    const fields = readFields(await file.start(MAXIMUM_TEXT_HEADER), file.name);
    const type = typeOf(fields, file.name);
    const { grid, affineSource, remarks, rank } = geometryOf(fields, file.name);
    const kept = [...fields.fields].filter(([key]) => geometryKeys.includes(key)).map((pair) => pair.join(' = '));
    const source = rank === 3 ? kept : null;
    const header: ImageHeader = { format: 'MetaImage', grid, type, affineSource, remarks, source };
    return await withVoxels(file, header, storeOf(fields, file.name), inflate);
  },
  write: async (values, header, what, deflate) => {
    const maps = mapsOf(values);
    const packed = await deflate(storedParts(values, header.grid.size), 'zlib');
    const about = what.kind === 'map' ? new Map([['Description', what.description]]) : metaImageFields(what.names);
    const start = [
      ...['ObjectType = Image', `NDims = ${maps ? 4 : 3}`, 'BinaryData = True'],
      `BinaryDataByteOrderMSB = ${hostIsLittleEndian ? 'False' : 'True'}`,
      ...['CompressedData = True', `CompressedDataSize = ${packed.length}`],
      ...geometryLines(header, maps !== null),
      `DimSize = ${[...header.grid.size, ...(maps ? [maps.length] : [])].join(' ')}`,
    ];
    const pairs = [...about].map(([key, value]) => `${key} = ${value}\n`).join('');
    const end = `ElementType = ${values instanceof Uint8Array ? 'MET_UCHAR' : 'MET_FLOAT'}\nElementDataFile = LOCAL\n`;
    const text = new TextEncoder().encode(pairs + end);
    return joined([latin1Bytes(`${start.join('\n')}\n`), text, packed]);
  },
};

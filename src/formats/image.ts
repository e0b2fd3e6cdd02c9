/** An image and its header as everybody sees them, whatever the format of the file that they come from. */
import type { Grid, Volume } from '../volume/volume.js';
import type { VoxelType } from './voxels.js';

/** File formats of images. */
export type FormatName = 'NIfTI' | 'NRRD' | 'MetaImage';

/** What an image's place in space is taken from. */
export type AffineSource =
  // NIfTI; the last gives spacing alone.
  | 'sform'
  | 'qform'
  | 'pixdim'
  // NRRD and MetaImage: with directions, or spacing alone.
  | 'directions'
  | 'spacing';

const remarkKinds = ['no-orientation', 'no-spacing', 'header-disagrees', 'spatial-unit'] as const;

/** Something about a header that a user should know although the image can be read. Clauses without a full stop. */
export interface HeaderRemark {
  readonly kind: (typeof remarkKinds)[number];
  readonly text: string;
  /** What to do about it. */
  readonly advice: string;
}

/** What a file says about its voxels, and what is needed to write results on the same grid. */
export interface ImageHeader {
  readonly format: FormatName;
  /** In millimetres, whatever the unit of the file. */
  readonly grid: Grid;
  /** Number type of the stored voxels. */
  readonly type: VoxelType;
  readonly affineSource: AffineSource;
  readonly remarks: readonly HeaderRemark[];
  /** The header in its format's own form, for that format alone to read: results keep its geometry as it is written. */
  readonly source: unknown;
}

/** An image as read from a file. */
export interface Image {
  /** The file's name or path, as the reader was given it. */
  readonly name: string;
  /** Values after the file's own scaling, in the file's voxel order. NaN stays NaN. */
  readonly volume: Volume;
  readonly header: ImageHeader;
}

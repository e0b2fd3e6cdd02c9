/**
 * What a file format is: one value of this shape in a folder of its own and one row in the registry. Formats take bytes,
 * not paths, so that a page can bring its own files; who opens files also brings the inflater.
 */
import type { Volume } from '../volume/volume.js';
import type { FormatName, ImageHeader } from './image.js';
import type { LabelNames } from './label-names.js';

/** One file of an image, read when it is asked for. */
export interface ImageFile {
  /** What messages call it. */
  readonly name: string;
  /** In bytes. */
  readonly length: number;
  /** Its first bytes; fewer where it ends before. */
  start(length: number): Promise<Uint8Array>;
  /** All of it. */
  whole(): Promise<Uint8Array>;
  /**
   * Another file of its folder; null where there is none.
   * @param name relative, without `..`; where a header names its own voxels, a link out of the folder is refused
   */
  beside(name: string, links: 'follow' | 'refuse'): Promise<ImageFile | null>;
}

/**
 * The first bytes of a gzip or zlib stream: `wanted` of them, or fewer where it ends before. Costs no more than these,
 * whatever the stream would inflate to; the checksum is verified where the stream ends with them.
 * @param part `start` where `compressed` is only the beginning of the stream
 * @throws {ImageFormatError} if the stream is damaged
 */
export type Inflate = (
  compressed: Uint8Array,
  wanted: number,
  name: string,
  part?: 'start' | 'whole',
) => Promise<Uint8Array>;

/** Bytes as one gzip or zlib stream; the same bytes give the same stream. */
export type Deflate = (parts: Iterable<Uint8Array>, container: 'gzip' | 'zlib') => Promise<Uint8Array>;

/** An image whose header has been read and checked against the lengths of its files. */
export interface DecodedHeader {
  readonly header: ImageHeader;
  /** The files that it consists of, the header's first. */
  readonly files: readonly ImageFile[];
  /** Read the voxels. */
  readonly voxels: () => Promise<Volume>;
}

/** Maps on one grid, which a file holds one after another along a fourth axis. */
export interface MapSeries {
  /** What each shows. */
  readonly names: readonly string[];
  /** A map by its place; each is asked for once, in order, and may be overwritten by the next. */
  readonly mapAt: (index: number) => Float32Array;
}

/** Values of a result: label values, a map of numbers, or several maps. */
export type ResultValues = Uint8Array | Float32Array | MapSeries;

/** What a result is, beside its values. */
export type ResultKind =
  | { readonly kind: 'mask'; readonly names: LabelNames }
  | { readonly kind: 'map'; readonly description: string };

/** Formats that masks and maps are written in, by their endings. */
export const outputFormats = ['nii.gz', 'nrrd', 'mha'] as const;
export type OutputFormat = (typeof outputFormats)[number];

export interface ImageFormat {
  readonly name: FormatName;
  /** Endings of files that stand for an image, in lower case. */
  readonly endings: readonly string[];
  /** Endings of a second file that holds the voxels: opened by name, not listed, so that an image counts once. */
  readonly voxelEndings: readonly string[];
  /** Of results: what a file that is written ends in, and a mask where that differs. */
  readonly result: { readonly ending: OutputFormat; readonly mask: string };
  /** Whether a file of an unknown ending is of this format, by its first bytes. */
  readonly recognises: (start: Uint8Array) => boolean;
  /**
   * @throws {ImageFormatError} if the file is foreign, damaged or truncated
   * @throws {UnsupportedError} if it is valid but not a 3D image of single numbers, or too large
   * @throws {GeometryError} if its affine cannot be used
   */
  readonly readHeader: (file: ImageFile, inflate: Inflate) => Promise<DecodedHeader>;
  /**
   * A compressed file of values on the image's grid: with the source's own geometry where that is of this format.
   * @throws {GeometryError} if their number is not the grid's
   */
  readonly write: (
    values: ResultValues,
    header: ImageHeader,
    what: ResultKind,
    deflate: Deflate,
  ) => Promise<Uint8Array>;
}

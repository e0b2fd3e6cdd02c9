/** What a file is that is no image of the expected format, by its first bytes, in words that tell what to do. */

const latin1 = (bytes: Uint8Array) => String.fromCharCode(...bytes);

/** Files that stand for others. */
const pointers: readonly (readonly [RegExp, string])[] = [
  [/^version https:\/\/git-lfs/, 'a pointer of Git LFS instead of the data; fetch them with "git lfs pull"'],
  [
    /^(\.\.\/)*(\.git)?\/?annex\/objects\//,
    'a pointer of git-annex instead of the data; fetch them with "git annex get" or "datalad get"',
  ],
];

/** The characters at a place in the file, and what it is. */
const signatures: readonly (readonly [number, string, string])[] = [
  [0, 'NRRD000', 'a NRRD image; rename it to .nrrd'],
  [344, 'n+1\0', 'a NIfTI image; rename it to .nii'],
  [344, 'ni1\0', 'the header of a NIfTI pair; rename it to .hdr, with its .img beside it'],
  [4, 'n+2\0', 'a NIfTI image; rename it to .nii'],
  [128, 'DICM', 'a DICOM file; convert it, for example with dcm2niix'],
  [0, '\xff\xfe', 'text in UTF-16; save it as ASCII or UTF-8 without a byte order mark'],
  [0, '\xfe\xff', 'text in UTF-16; save it as ASCII or UTF-8 without a byte order mark'],
  [0, '\xef\xbb\xbf', 'text that begins with a byte order mark; save it as ASCII or UTF-8 without one'],
  [0, '\x1f\x8b', 'gzip data; decompress it first'],
  [0, 'BZh', 'bzip2 data; decompress it with bunzip2'],
  [0, '\xfd7zXZ\0', 'xz data; decompress it with unxz'],
  [0, '\x28\xb5\x2f\xfd', 'Zstandard data; decompress it with unzstd'],
  [0, 'PK\x03\x04', 'a ZIP archive; unpack it'],
  [0, '7z\xbc\xaf', 'a 7-Zip archive; unpack it'],
  [0, '\x89HDF', 'an HDF5 file (MINC 2, or MATLAB 7.3); convert it to .nii.gz'],
  [0, 'CDF', 'a NetCDF file (MINC 1); convert it to .nii.gz'],
  [0, '\x89PNG', 'a PNG picture'],
  [0, '\xff\xd8\xff', 'a JPEG picture'],
  [0, 'II*\0', 'a TIFF picture'],
  [0, 'MM\0*', 'a TIFF picture'],
];

/** The same for text, by how it begins. */
const texts: readonly (readonly [RegExp, string])[] = [
  ...pointers,
  [
    /^\s*(ObjectType|NDims|Comment)\s*=/,
    'a MetaImage; rename it to .mha (or .mhd, where its voxels are in another file)',
  ],
  [/^\s*</, 'a page or another file in HTML or XML, as failed downloads leave them; download the image again'],
];

/** What a file is that stands for the data of another; null for one that does not. */
export function pointerOf(start: Uint8Array): string | null {
  const text = latin1(start.subarray(0, 1024));
  return pointers.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}

/**
 * "an empty file", "a DICOM file; convert it ...", or the first bytes where they say nothing.
 * @param start a few hundred bytes
 */
export function describeForeign(start: Uint8Array): string {
  if (start.length === 0) return 'an empty file';
  const text = latin1(start.subarray(0, 1024));
  const known =
    signatures.find(([at, sign]) => text.startsWith(sign, at))?.[2] ?? texts.find(([sign]) => sign.test(text))?.[1];
  if (known) return known;
  if (start.every((byte) => byte === 0)) return 'a file that begins with zeros: it was not written to its end';
  const first = text.slice(0, 8);
  if (/^[\x20-\x7e\s]+$/.test(first)) return `a file that begins with ${JSON.stringify(first)}`;
  const bytes = [...start.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `a file that begins with the bytes ${bytes}`;
}

import { z } from 'zod';
import type { BlockRange } from '../../model/block.js';
import { RuntimeFailure } from '../../runtime/errors.js';
import type { SinkCursor } from '../seam/sink.js';

const block = z.int().min(0);
const range = z.object({ from_block: block, to_block: block });

const file = z.object({
  name: z.string().regex(/^[^/\\]+$/),
  ...range.shape,
  rows: z.int().min(1),
  bytes: z.int().min(1),
  sha256: z.string(),
  /** Which writing of these blocks it is. */
  generation: z.int().min(1),
  /** The block of its last row. */
  last_block: block,
  /** The highest number of a message that it has taken into account. */
  seq: z.number(),
});

const cursor = z.object({ epoch: z.string(), claim: z.number(), place: z.string() });

const manifest = z.object({
  version: z.literal(1),
  installation: z.string(),
  pipeline_id: z.int(),
  sink: z.string(),
  /** All events of these blocks are in the files; null: of none yet. */
  complete: range.nullable(),
  files: z.array(file),
  /** Blocks that have changed since their files were written: these are about to be written anew. */
  outdated: z.array(range),
  /** What only a sink reads. */
  state: z.object({
    epoch: z.string(),
    claim: z.number(),
    /** From there on messages come again. */
    cursor: cursor.nullable(),
    /** Blocks whose files hold more than was delivered at the cursor: they are compared once messages have come again. */
    ahead: z.array(range),
    /** The highest block that a file's name ever held, and the highest generation. */
    named_block: block.nullable(),
    generation: z.int().min(1),
    /** Files that are to be removed. */
    superseded: z.array(z.string().regex(/^[^/\\]+$/)),
  }),
});

/** What `_chainparse.json` says: which files count, and where to go on. */
export type Manifest = z.output<typeof manifest>;

/** A file that counts. */
export type ManifestFile = Manifest['files'][number];

/** Whose files they are. */
export type ManifestOwner = Pick<Manifest, 'installation' | 'pipeline_id' | 'sink'>;

/** Returns the manifest of a target in which nothing is. */
export function emptyManifest(owner: ManifestOwner, { epoch, claim }: Omit<SinkCursor, 'place'>): Manifest {
  const state = { epoch, claim, cursor: null, ahead: [], named_block: null, generation: 1, superseded: [] };
  return { version: 1, ...owner, complete: null, files: [], outdated: [], state };
}

/** Reads a manifest's text; throws RuntimeFailure where it is none of this version. */
export function parseManifest(text: string, label: string): Manifest {
  try {
    return manifest.parse(JSON.parse(text));
  } catch (error) {
    throw new RuntimeFailure(`${label}/_chainparse.json can't be read: it is damaged, or of a newer version`, {
      cause: error,
      hint: 'put the last good one back; or empty the folder and have all written anew: chainparse sink replay ID SINK --from-block 0',
    });
  }
}

/** Writes a manifest, a line for each file. */
export function manifestText({ files, ...rest }: Manifest): string {
  const lines = files.map((each) => `  ${JSON.stringify(each)}`).join(',\n');
  const [before, after] = JSON.stringify({ ...rest, files: [] }, undefined, 1).split('"files": []');
  return `${before}"files": [${lines === '' ? '' : `\n${lines}\n `}]${after}\n`;
}

/** Returns the range of a manifest's entry. */
export function rangeOf({ from_block: from, to_block: to }: z.output<typeof range>): BlockRange {
  return { from, to };
}

/** Returns ranges as a manifest writes them, in the order of the chain. */
export function entriesOf(ranges: Iterable<BlockRange>): z.output<typeof range>[] {
  return [...ranges]
    .map(({ from, to }) => ({ from_block: from, to_block: to }))
    .sort((a, b) => a.from_block - b.from_block);
}

import { TargetChangedError } from '../seam/delivery-errors.js';

/** A file that is ready to get its name. */
export interface ReadyFile {
  /** Where its bytes are. */
  readonly path: string;
  readonly bytes: number;
  /** Of the bytes, hex. */
  readonly sha256: string;
}

/**
 * Where a sink's files are: a folder, or a part of a bucket. What can't be done now is a ReceiverAwayError. Where the manifest
 * is not the one that was read or written last nothing is put: a TargetChangedError.
 */
export interface FileStore {
  /** As a person may see it. */
  readonly label: string;
  /** Makes sure that it is there, for who came with a claim. */
  prepare(claim: number): Promise<void>;
  /** Removes what those were making who came with this claim or before. */
  clean(): Promise<void>;
  /** Returns the path of a file that is about to be made. */
  workPath(): string;
  /** Returns the manifest's text as it is now; null: there is none. */
  readManifest(signal: AbortSignal): Promise<string | null>;
  /**
   * Replaces the manifest that was read or written last, and no other; where there was none, none. `check` throws where that is
   * no longer this sink's to do; it is asked when all is ready but for the last steps.
   */
  writeManifest(text: string, check: () => Promise<void>, signal: AbortSignal): Promise<void>;
  /** Returns what looks like a file of a sink: names, and their bytes; none where nothing is there. */
  sizes(signal: AbortSignal): Promise<ReadonlyMap<string, number>>;
  /**
   * Gives a file its name, whole or not at all; where that name is taken by what was left over, in its place. `moved` is told
   * when bytes of it have left.
   */
  put(name: string, file: ReadyFile, signal: AbortSignal, moved?: () => void): Promise<void>;
  /** Says whether a file of this name and size is there. */
  holds(name: string, bytes: number, signal: AbortSignal): Promise<boolean>;
  /** Removes a file, if it is there. */
  remove(name: string, signal: AbortSignal): Promise<void>;
}

/** What says which of the files count, beside them. */
export const manifestName = '_chainparse.json';

/** Returns what is thrown where another manifest is there than the one that was read or written last; null: none is. */
export function manifestChanged(label: string, found: string | null): TargetChangedError {
  const manifest = `${label}/${manifestName}`;
  if (found !== null) {
    return new TargetChangedError(`${manifest} was changed by somebody else`, {
      hint: 'one folder is for one sink: it is read anew, and judged, before anything is written',
    });
  }
  return new TargetChangedError(`${manifest} is gone`, {
    hint: 'was the folder emptied, or is its volume away? It is looked at anew before anything is written',
  });
}

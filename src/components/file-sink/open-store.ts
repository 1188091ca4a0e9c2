import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { SinkOpening } from '../seam/component.js';
import { UnfitReceiverError } from '../seam/delivery-errors.js';
import type { FileSinkConfig } from './config.js';
import type { FileStore } from './file-store.js';
import { FolderStore } from './folder-store.js';

/** Whose files go there. */
interface StoreOwner extends Pick<SinkOpening, 'name' | 'dataFolder' | 'clock'> {
  /** Null: of a pipeline that is not stored yet, which writes nothing. */
  readonly pipelineId: number | null;
}

/** Opens where a sink's files are; nothing is touched before it is asked. Throws UnfitReceiverError where variables made a URL of a folder. */
export async function openStore(
  { path, s3 }: Pick<FileSinkConfig, 'path' | 's3'>,
  { pipelineId, name, dataFolder, clock }: StoreOwner,
): Promise<FileStore> {
  if (s3 === null) {
    refuseUrl(path);
    return new FolderStore(resolve(dataFolder, path));
  }
  const { S3Store } = await import('./s3-store.js');
  // Files are made here before they go there; the name of a sink need not be one of a folder.
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
  const workFolder = join(dataFolder, '.chainparse-upload', `${pipelineId}-${digest}`);
  return new S3Store({ path, keys: s3, workFolder, clock });
}

/** A definition was read as one of a folder: what a variable has put there must not become folders called `s3:`. */
function refuseUrl(path: string): void {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(path)) return;
  throw new UnfitReceiverError("its path is a folder's by the definition, and a URL by what its variables hold", {
    hint: 'write s3:// into the definition, with variables behind it: s3://${BUCKET}/prefix',
  });
}

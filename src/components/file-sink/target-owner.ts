import { isAbsolute, relative, resolve } from 'node:path';
import { RuntimeFailure } from '../../runtime/errors.js';
import { giveUpLater } from '../../runtime/give-up-later.js';
import type { Remark, TargetOpening } from '../seam/component.js';
import type { FileSinkConfig } from './config.js';
import type { FileStore } from './file-store.js';
import { parseManifest } from './manifest.js';
import type { Manifest } from './manifest.js';
import { openStore } from './open-store.js';

/** Whose files they are to be. */
export interface TargetOwner extends Pick<Manifest, 'installation' | 'sink'> {
  /** Null: of a pipeline that is not stored yet, so that none can be its own. */
  readonly pipeline_id: number | null;
}

/** What asking a bucket may take before a run does, in milliseconds. */
const askMs = 15_000;

/** What is there is another sink's, or nobody knows whose. */
class AnothersFilesError extends RuntimeFailure {
  constructor(label: string, why: string) {
    super(`${label} ${why}`, { hint: 'one folder is for one sink: give another path, or empty it' });
  }
}

/** Reads the manifest of a target; null: nothing is there. Throws RuntimeFailure where it is not this sink's. */
export async function readOwnManifest(
  store: FileStore,
  { installation, pipeline_id: id, sink }: TargetOwner,
  signal: AbortSignal,
): Promise<Manifest | null> {
  const text = await store.readManifest(signal);
  if (text === null) {
    if ((await store.sizes(signal)).size === 0) return null;
    throw new AnothersFilesError(store.label, 'holds files, and no _chainparse.json that says whose');
  }
  const manifest = parseManifest(text, store.label);
  if (manifest.installation === installation && manifest.pipeline_id === id && manifest.sink === sink) return manifest;
  const which = manifest.installation === installation ? '' : ' of another database';
  const whose = `sink '${manifest.sink}' of pipeline ${manifest.pipeline_id}${which}`;
  throw new AnothersFilesError(store.label, `belongs to ${whose}`);
}

/** Says what a sink's folder would be refused to it for, before it is claimed; null: nothing. Changes nothing. */
export async function folderRefusal(config: FileSinkConfig, opening: TargetOpening): Promise<Remark | null> {
  const { installation, pipelineId, name: sink, dataFolder, asksElsewhere, clock } = opening;
  if (!asksElsewhere && (config.s3 !== null || !isBelow(resolve(dataFolder, config.path), dataFolder))) return null;
  const owner = { installation, pipeline_id: pipelineId, sink };
  const store = await openStore(config, opening);
  try {
    const reason = (): Error => new RuntimeFailure(`no answer within ${askMs / 1_000} s`);
    await giveUpLater({ clock, delayMs: askMs, reason }, (givenUp) => readOwnManifest(store, owner, givenUp()));
    return null;
  } catch (error) {
    if (error instanceof AnothersFilesError) return { at: ['path'], message: error.message, hint: error.hint };
    throw error;
  }
}

function isBelow(folder: string, above: string): boolean {
  const way = relative(above, folder);
  return !isAbsolute(way) && !way.startsWith('..');
}

import { createHash } from 'node:crypto';
import type { ChainView } from '../chain/blocks/chain-view.js';
import type { LogDecoder } from '../chain/abi/decoder.js';
import type { Component } from '../model/pipeline.js';
import { UsageError } from '../runtime/errors.js';
import type { Audit, AuditOpening, SourceDescription, SourceOpening, ViewOpening } from './seam/component.js';
import type { Source } from './seam/source.js';
import { registry } from './registry.js';
import type { Registry } from './registry.js';

/** The source of a stored pipeline: what may be asked of it by those who do not know its config's shape. */
export interface PipelineSource extends SourceDescription {
  /** Returns the signatures of the events that it knows, each once. */
  events(): readonly string[];
  /** Makes what turns a log into what a run would store. */
  decoder(): Promise<LogDecoder>;
  /** Makes what an audit judges by. */
  audit(opening: AuditOpening): Promise<Audit>;
  open(opening: SourceOpening): Promise<Source>;
  /** Returns who tells of old blocks, also of those that nodes don't keep; null: nobody. */
  view(opening: ViewOpening): Promise<Pick<ChainView, 'header'> | null>;
  /** Returns 64 hex digits that another config does not have, however many shards it wants. */
  fingerprint(): string;
}

interface WithComponents {
  readonly id: number;
  readonly components: readonly Component[];
}

/** Returns the source of a pipeline; throws UsageError where its first component is none that this version knows. */
export function sourceOf(pipeline: WithComponents, kinds: Registry = registry): PipelineSource {
  const source = findSource(pipeline, kinds);
  if (source !== null) return source;
  const [first] = pipeline.components;
  if (first === undefined) throw new UsageError(`pipeline ${pipeline.id} has no component`);
  const what = kinds.find(first.type) === undefined ? 'which this version does not know' : 'which is no source';
  throw new UsageError(`component '${first.name}' is of type '${first.type}', ${what}`, {
    hint: `the first component of a pipeline must be a source: ${sourceTypes(kinds).join(', ')}`,
  });
}

/** Returns the source of a pipeline; null where it has none that this version knows. */
export function findSource(
  { components }: Pick<WithComponents, 'components'>,
  kinds: Registry = registry,
): PipelineSource | null {
  const { type = '', config = {} } = components[0] ?? {};
  const kind = kinds.find(type);
  if (kind?.role !== 'source') return null;
  return {
    ...kind.describe(config),
    events: () => kind.events(config),
    decoder: () => kind.decoder(config),
    audit: async (opening) =>
      (await kind.audit?.(config, opening)) ?? { decoder: await kind.decoder(config), children: null },
    open: (opening) => kind.open(config, opening),
    view: async (opening) => (await kind.view?.(config, opening)) ?? opening.nodes,
    fingerprint: () =>
      createHash('sha256')
        .update(JSON.stringify({ ...config, shards: undefined }))
        .digest('hex'),
  };
}

/** Returns the names of the kinds that can stand first. */
export function sourceTypes(kinds: Registry): readonly string[] {
  return kinds.types.filter((type) => kinds.find(type)?.role === 'source');
}

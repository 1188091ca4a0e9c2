import { registry } from '../../components/registry.js';
import { sourceOf } from '../../components/source-of.js';
import type { EventFields } from '../../components/seam/component.js';
import { fieldsBelow, stagesOf } from '../../components/stages-of.js';
import type { Database } from '../../database/database.js';
import type { Component, PipelineDefinition } from '../../model/pipeline.js';
import type { KnownEvents } from './check-event.js';
import { findEvents } from './find-events.js';
import { PreviewChain } from './preview-chain.js';
import type { PreviewChainParts } from './preview-chain.js';
import { givenMessage, noBlock, previewMessage } from './preview-event.js';
import { previewStages } from './preview-stages.js';
import type { PreviewedEvent } from './preview-stages.js';

/** Which events are previewed: all of a block, the last ones (one where nothing is said), or one that is given as JSON. */
export interface PreviewRequest {
  readonly block?: number | undefined;
  readonly last?: number | undefined;
  /** Its text, and what it is called in what is wrong with it. */
  readonly event?: { readonly key: string; readonly text: string } | undefined;
}

export interface PreviewOptions extends PreviewChainParts {
  readonly definition: PipelineDefinition;
  /** 0: the pipeline is not stored. */
  readonly pipelineId: number;
  /** Where its events may be stored; null: nowhere. */
  readonly database: Database | null;
  readonly signal: AbortSignal;
}

/** Shows what every stage of a pipeline makes of events; stores and sends nothing. */
export async function previewPipeline(
  { block, last = 1, event }: PreviewRequest,
  options: PreviewOptions,
): Promise<readonly PreviewedEvent[]> {
  const { definition, pipelineId, database, clock, logger, signal } = options;
  const source = sourceOf({ ...definition, id: pipelineId });
  const chain = new PreviewChain(options, source);
  try {
    const find = { pipelineId, source, chain: () => chain.client, clock, logger, signal };
    const wanted = block === undefined ? { last } : { block };
    const { components } = definition;
    const defaults = {
      chainId: chain.id,
      // Only calls are made at a block.
      block: (number?: number) => (asksChain(components) ? chain.block(number, signal) : Promise.resolve(noBlock)),
    };
    const messages =
      event === undefined
        ? (await findEvents(wanted, database, find)).map((text) => previewMessage(text, defaults))
        : [givenMessage(event, { ...knownEvents(components), chainId: chain.id }, defaults)];
    return await previewStages(await Promise.all(messages), { pipelineId, components, chain, logger, signal });
  } finally {
    await chain.close();
  }
}

function asksChain(components: readonly Component[]): boolean {
  return stagesOf(components).some((stage) => stage.asksChain);
}

/** Holds what a run would make of an event, and what somebody may give who has no node to ask. */
function knownEvents(components: readonly Component[]): Omit<KnownEvents, 'chainId'> {
  const below = components.map((_component, position) => fieldsBelow(components.slice(0, position + 1), registry));
  const namesIn = (events: readonly EventFields[]): readonly string[] =>
    events.flatMap(({ fields }) => fields.map(({ name }) => name));
  const [events = [], ...others] = below;
  const own = new Set(namesIn(events));
  const added = namesIn(others.flat().filter(({ mapped }) => !mapped));
  return { events, added: added.filter((name) => !own.has(name)) };
}

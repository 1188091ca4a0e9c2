import { sourceOf } from '../../components/source-of.js';
import type { Database } from '../../database/database.js';
import type { PipelineDefinition } from '../../model/pipeline.js';
import { findEvents } from './find-events.js';
import { PreviewChain } from './preview-chain.js';
import type { PreviewChainParts } from './preview-chain.js';
import { previewMessage } from './preview-event.js';
import { previewStages } from './preview-stages.js';
import type { PreviewedEvent } from './preview-stages.js';

/** Which events are previewed: all of a block, the last ones (one where nothing is said), or one that is given as JSON. */
export interface PreviewRequest {
  readonly block?: number | undefined;
  readonly last?: number | undefined;
  readonly event?: string | undefined;
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
    const texts = event === undefined ? await findEvents(wanted, database, find) : [event];
    const defaults = { chainId: chain.id, block: () => chain.newest(signal) };
    const messages = await Promise.all(texts.map((text) => previewMessage(text, defaults)));
    const { components } = definition;
    return await previewStages(messages, { pipelineId, components, chain, logger, signal });
  } finally {
    await chain.close();
  }
}

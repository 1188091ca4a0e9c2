import type { ChainAccess } from '../../chain/chains.js';
import { stagesOf } from '../../components/stages-of.js';
import type { Component } from '../../model/pipeline.js';
import type { EventMessage } from '../../model/event-message.js';
import { quietCall } from '../../runtime/call.js';
import type { Logger } from '../../runtime/logger.js';

/** What one stage made of an event; null: the event goes no further. */
export interface PreviewStep {
  readonly name: string;
  readonly type: string;
  readonly data: EventMessage['data'] | null;
}

/** An event, and what each stage made of it. */
export interface PreviewedEvent {
  readonly event: EventMessage;
  readonly steps: readonly PreviewStep[];
}

interface PreviewOptions {
  readonly pipelineId: number;
  readonly components: readonly Component[];
  readonly chain: ChainAccess;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Sends events through every stage of a pipeline, of which nothing is stored, and none reaches a sink. */
export async function previewStages(
  events: readonly EventMessage[],
  { pipelineId, components, chain, logger, signal }: PreviewOptions,
): Promise<readonly PreviewedEvent[]> {
  const context = { ...quietCall(signal), logger };
  const steps = new Map(events.map((event) => [event, [] as PreviewStep[]]));
  // By the event that each came from.
  let mapped = new Map(events.map((event) => [event.id, event]));
  for (const { name, type, ...stageOf } of stagesOf(components)) {
    const stage = await stageOf.open({ pipelineId, database: null, chain });
    try {
      const result = await stage.map([...mapped.values()], context);
      mapped = new Map(result.map((message) => [message.id, message]));
    } finally {
      await stage.close?.();
    }
    for (const event of events) steps.get(event)?.push({ name, type, data: mapped.get(event.id)?.data ?? null });
  }
  return events.map((event) => ({ event, steps: steps.get(event) ?? [] }));
}

/** Returns a preview as the text of a JSON document: data is spliced in as the text that it is. */
export function previewJson(
  { pipelineId, name }: { readonly pipelineId: number | null; readonly name: string },
  previewed: readonly PreviewedEvent[],
): string {
  const events = previewed.map(({ event, steps }) => `{"event":${event.data.text},"stages":${stepsJson(steps)}}`);
  return `{"pipeline_id":${pipelineId ?? 'null'},"name":${JSON.stringify(name)},"events":[${events.join(',')}]}`;
}

/** Returns what stages made of an event as the text of a JSON array. */
export function stepsJson(steps: readonly PreviewStep[]): string {
  const texts = steps.map(
    ({ name, type, data }) =>
      `{"name":${JSON.stringify(name)},"type":${JSON.stringify(type)},"data":${data?.text ?? 'null'}}`,
  );
  return `[${texts.join(',')}]`;
}

import type { EventMessage } from '../model/event-message.js';
import type { Stage, StageContext } from './component.js';

/** Sends messages through stages, one after the other; what a stage leaves out goes no further. */
export async function mapThrough(
  stages: readonly Stage[],
  messages: readonly EventMessage[],
  context: StageContext,
): Promise<readonly EventMessage[]> {
  let mapped = messages;
  for (const stage of stages) {
    if (mapped.length === 0) break;
    mapped = await stage.map(mapped, context);
    context.signal.throwIfAborted();
  }
  return mapped;
}

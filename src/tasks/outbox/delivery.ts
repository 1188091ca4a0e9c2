import type { SinkBatch, SinkCursor } from '../../components/seam/sink.js';
import { MessageRefusedError, TakenInPartError } from '../../components/seam/delivery-errors.js';
import type { EventMessage } from '../../model/event-message.js';
import type { Clock } from '../../runtime/clock.js';
import { backoffMs } from '../../runtime/retry.js';
import { scoped } from '../../runtime/scope.js';

/** Waits between tries of a message that is refused. */
const backoff = { firstMs: 100, maxMs: 1_000 };

/** The sink is not to deliver now, though nothing is wrong: the rest comes when it goes on. */
export class DeliveryHeldError extends Error {}

/** What is to be delivered together, and what becomes of it. */
export interface Outgoing {
  readonly messages: readonly EventMessage[];
  /** Where the sink stands before it. */
  readonly before: SinkCursor | null;
  /** Where it stands once a message and all before it have been delivered; null: the last one. */
  readonly after: (last: EventMessage | null) => SinkCursor;
}

export interface DeliveryParts {
  /** Hands a batch to the sink. */
  readonly send: (batch: SinkBatch) => Promise<void>;
  /** Aborted when calls in the air must be dropped. */
  readonly signal: AbortSignal;
  readonly maxAttempts: number;
  readonly clock: Clock;
  /** Says whether what is left of a batch is still to be sent, or to be tried again. */
  readonly goesOn: () => boolean;
  /** Aborted when the run shall end soon. */
  readonly stopping: AbortSignal;
  /** Called once the receiver has some messages. */
  readonly onDelivered: (batch: SinkBatch) => Promise<void>;
  /** Called once a message has been refused as often as is borne. */
  readonly onDead: (message: EventMessage, attempts: number, error: Error, after: SinkCursor) => Promise<void>;
  /** Called each time that a single message is refused. */
  readonly onRefused: (message: EventMessage, error: Error) => Promise<void>;
}

/**
 * Delivers messages together; where the receiver refuses them for good, their halves, down to the one that it means. Throws
 * whatever else the sink throws, and DeliveryHeldError where the sink is not to go on in between: what has been delivered by then
 * has been told.
 */
export async function deliverAll(outgoing: Outgoing, parts: DeliveryParts): Promise<SinkCursor | null> {
  const { messages, before } = outgoing;
  if (messages.length === 1) return deliverOne(outgoing, parts);
  try {
    return await deliver(outgoing, parts);
  } catch (error) {
    if (error instanceof TakenInPartError) return deliverRest(outgoing, error, parts);
    if (!(error instanceof MessageRefusedError)) throw error;
  }
  mustGoOn(parts);
  const middle = messages.length >> 1;
  const [first, second] = [messages.slice(0, middle), messages.slice(middle)];
  const end = first.at(-1) ?? null;
  const between = await deliverAll({ messages: first, before, after: (last) => outgoing.after(last ?? end) }, parts);
  mustGoOn(parts);
  return deliverAll({ ...outgoing, messages: second, before: between }, parts);
}

function mustGoOn({ goesOn }: DeliveryParts): void {
  if (!goesOn()) throw new DeliveryHeldError('the sink is not to deliver now');
}

/** Tells of the first messages, which the receiver has, and delivers the others. */
async function deliverRest(
  outgoing: Outgoing,
  error: TakenInPartError,
  parts: DeliveryParts,
): Promise<SinkCursor | null> {
  const [messages, rest] = [outgoing.messages.slice(0, error.taken), outgoing.messages.slice(error.taken)];
  const batch = batchOf({ ...outgoing, messages, after: () => outgoing.after(messages.at(-1) ?? null) });
  await parts.onDelivered(batch);
  mustGoOn(parts);
  return deliverAll({ ...outgoing, messages: rest, before: batch.after }, parts);
}

/** Returns where the sink stands then: a message that was refused has not moved it. */
async function deliverOne(outgoing: Outgoing, parts: DeliveryParts): Promise<SinkCursor | null> {
  const [message] = outgoing.messages as readonly [EventMessage];
  for (let attempt = 1; ; attempt++) {
    try {
      return await deliver(outgoing, parts);
    } catch (error) {
      if (!(error instanceof MessageRefusedError)) throw error;
      if (attempt >= parts.maxAttempts) {
        await parts.onDead(message, attempt, error, outgoing.after(null));
        return outgoing.before;
      }
      await parts.onRefused(message, error);
      const waitMs = backoffMs(attempt, backoff);
      await scoped([parts.stopping, parts.signal], (over) => parts.clock.sleep(waitMs, over));
      mustGoOn(parts);
    }
  }
}

async function deliver(outgoing: Outgoing, parts: DeliveryParts): Promise<SinkCursor> {
  const batch = batchOf(outgoing);
  await parts.send(batch);
  await parts.onDelivered(batch);
  return batch.after;
}

function batchOf({ messages, before, after }: Outgoing): SinkBatch {
  let [fromBlock, toBlock] = [Infinity, -Infinity];
  for (const { place } of messages) {
    fromBlock = Math.min(fromBlock, place.blockNumber);
    toBlock = Math.max(toBlock, place.blockNumber);
  }
  return { messages, fromBlock, toBlock, before, after: after(null) };
}

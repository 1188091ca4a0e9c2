import { z } from 'zod';
import { idInBody, maxBlock, wholeNumber } from './parameters.js';

const hash = z.string().regex(/^0x[0-9a-f]{64}$/, { error: 'is no hash of 32 bytes in lower-case hex' });

/** Which events of a pipeline, and from where on. */
export const eventsQuery = z
  .object({
    from_block: wholeNumber(0, maxBlock).optional(),
    to_block: wholeNumber(0, maxBlock).optional(),
    event: z.string().min(1).max(1_000).optional().describe('a name, or a full signature'),
    order: z
      .enum(['asc', 'desc'], { error: 'is neither asc nor desc' })
      .default('asc')
      .describe('desc: from the newest on'),
    limit: wholeNumber(1, 500).default(100),
    cursor: z
      .string()
      .max(200)
      .regex(/^\d{1,16}-\d{1,10}-0x[0-9a-f]{64}$/, { error: 'is no cursor: take next_cursor of the page before' })
      .optional()
      .describe('next_cursor of the page before'),
    format: z
      .enum(['json', 'csv'], { error: 'is neither json nor csv' })
      .default('json')
      .describe(
        'csv: as events export writes it, a page with a cursor without the line of column names; the next cursor is in the header next-cursor',
      ),
  })
  .refine(({ from_block: from, to_block: to }) => from === undefined || to === undefined || from <= to, {
    error: 'lies behind to_block',
    path: ['from_block'],
  });

/** An event: CONTRACT's keys, in that order. */
const eventSchema = z
  .strictObject({
    pipeline_id: z.int(),
    chain: z.string(),
    chain_id: z.int(),
    block_number: z.int(),
    block_hash: hash,
    block_time: z.string().nullable(),
    timestamp: z.int(),
    transaction_hash: hash,
    transaction_index: z.int(),
    log_index: z.int(),
    contract_address: z.string(),
    event_name: z.string(),
    event_signature: z.string(),
    args: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Event' });

/** A page of events. */
export const eventPageSchema = z.strictObject({
  events: z.array(eventSchema),
  next_cursor: z.string().nullable().describe('null: there are no more for now'),
});

const hex = z
  .string()
  .max(200_000)
  .regex(/^0x(?:[0-9a-f]{2})*$/, { error: 'is no 0x-hex in lower case' });

/** Logs as a node gives them, to be decoded by a pipeline's ABI. */
export const previewBody = z.strictObject({
  pipeline_id: idInBody,
  logs: z
    .array(
      z.looseObject({
        address: z
          .string()
          .regex(/^0x[0-9a-fA-F]{40}$/, { error: 'is no address' })
          .toLowerCase(),
        topics: z.array(hash).max(4),
        data: hex.default('0x'),
      }),
    )
    .min(1)
    .max(100),
});

/** What becomes of each log. */
export const previewSchema = z.strictObject({
  pipeline_id: z.int(),
  stages: z.array(z.string()).describe('the components behind the source that the events went through'),
  results: z.array(
    z.strictObject({
      kind: z.enum(['event', 'undecoded', 'ignored']),
      event_name: z.string().optional(),
      event_signature: z.string().optional(),
      args: z.record(z.string(), z.unknown()).optional(),
      reason: z.string().optional(),
      stages: z
        .array(
          z.strictObject({ name: z.string(), type: z.string(), data: z.record(z.string(), z.unknown()).nullable() }),
        )
        .optional(),
    }),
  ),
});

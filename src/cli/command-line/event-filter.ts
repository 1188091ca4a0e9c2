import type { EventFilter } from '../../database/events/event-store.js';
import { UsageError } from '../../runtime/errors.js';
import type { OptionSpec } from '../context/command-outline.js';

export const pipelineOption: OptionSpec = {
  flags: '--pipeline <id>',
  description: 'of which pipeline, by id or name',
  kind: 'pipeline',
  required: true,
};

export const blockOptions: readonly OptionSpec[] = [
  { flags: '--from-block <n>', description: 'first block, inclusive', kind: 'number' },
  { flags: '--to-block <n>', description: 'last block, inclusive', kind: 'number' },
];

export const eventOption: OptionSpec = {
  flags: '--event <name>',
  description: 'only this event: a name or a full signature',
};

/** The options by which commands choose events. */
export interface EventOptions {
  readonly pipeline: number;
  readonly fromBlock?: number;
  readonly toBlock?: number;
  readonly event?: string;
}

/** Returns the filter that options stand for; throws UsageError where no block can fit. */
export function toEventFilter({ pipeline, fromBlock, toBlock, event }: EventOptions): EventFilter {
  if (fromBlock !== undefined && toBlock !== undefined && fromBlock > toBlock) {
    throw new UsageError(`--from-block ${fromBlock} lies behind --to-block ${toBlock}`);
  }
  // Signatures are stored without blanks, and people write one behind a comma.
  return { pipelineId: pipeline, fromBlock, toBlock, event: event?.replace(/\s+/g, '') };
}

import type { EventFilter } from '../../database/events/event-store.js';
import type { OptionSpec } from '../context/command-outline.js';
import { checkBlockRange, type BlockRange } from './options.js';

export const pipelineOption: OptionSpec = {
  flags: '--pipeline <id>',
  description: 'of which pipeline, by id or name',
  kind: 'pipeline',
  required: true,
};

export const eventOption: OptionSpec = {
  flags: '--event <name>',
  description: 'only this event: a name or a full signature',
};

/** What a command writes events as; `withoutIt`: what it does where that is left out. */
export function formatOption(withoutIt: string): OptionSpec {
  const description = `jsonl, csv or parquet; ${withoutIt}`;
  return { flags: '--format <format>', description, choices: ['jsonl', 'csv', 'parquet'] };
}

export const outputOption: OptionSpec = {
  flags: '-o, --output <file>',
  description: 'write a file, whole or not at all, instead of stdout',
  kind: 'path',
};

/** The options by which commands choose events. */
export interface EventOptions extends BlockRange {
  readonly pipeline: number;
  readonly event?: string;
}

/** Returns the filter that options stand for; throws UsageError where no block can fit. */
export function toEventFilter(options: EventOptions): EventFilter {
  const { pipeline, fromBlock, toBlock, event } = options;
  checkBlockRange(options);
  // Signatures are stored without blanks, and people write one behind a comma.
  return { pipelineId: pipeline, fromBlock, toBlock, event: event?.replace(/\s+/g, '') };
}

import type { OptionSpec } from '../command-line/command-outline.js';
import type { CommandSpec } from '../command-line/command-spec.js';

const pipeline: OptionSpec = {
  flags: '--pipeline <id>',
  description: 'of which pipeline, by id or name',
  kind: 'pipeline',
  required: true,
};
const blocks: readonly OptionSpec[] = [
  { flags: '--from-block <n>', description: 'first block, inclusive', kind: 'number' },
  { flags: '--to-block <n>', description: 'last block, inclusive', kind: 'number' },
];
const event: OptionSpec = { flags: '--event <name>', description: 'only this event: a name or a full signature' };
const load = () => import('../commands/events.js');

/** Commands about stored events. */
export const eventSpecs: readonly CommandSpec[] = [
  {
    name: 'events',
    summary: 'see and export stored events',
    commands: [
      {
        name: 'export',
        summary: "export a pipeline's events, in the order of the chain",
        options: [
          pipeline,
          {
            flags: '--format <format>',
            description: 'jsonl, csv or parquet; jsonl where left out',
            choices: ['jsonl', 'csv', 'parquet'],
          },
          ...blocks,
          event,
          { flags: '-o, --output <file>', description: 'write a file, whole or not at all, instead of stdout' },
        ],
        load: async () => (await import('../commands/export-events.js')).exportEvents,
      },
      {
        name: 'list',
        summary: "list a pipeline's latest events, newest first",
        options: [
          pipeline,
          { flags: '--limit <n>', description: 'how many; 20 where left out', kind: 'id' },
          ...blocks,
          event,
        ],
        load: async () => (await load()).listEvents,
      },
      {
        name: 'undecoded',
        summary: 'list the logs that fit no event of the ABI or could not be decoded, in the order of the chain',
        options: [
          pipeline,
          { flags: '--format <format>', description: 'jsonl: a JSON object a line', choices: ['jsonl'] },
          ...blocks,
          { flags: '--limit <n>', description: 'how many at most; a table shows 20 where left out', kind: 'id' },
        ],
        load: async () => (await load()).listUndecoded,
      },
    ],
  },
];

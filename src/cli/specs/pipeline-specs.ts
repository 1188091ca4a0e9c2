import type { ArgumentSpec, OptionSpec } from '../command-line/command-outline.js';
import type { CommandSpec } from '../command-line/command-spec.js';

const id: ArgumentSpec = { name: 'id', description: "the pipeline's id or name", kind: 'pipeline' };
const file: ArgumentSpec = { name: 'file', description: 'a definition, YAML or JSON' };
const heartbeatInterval: OptionSpec = {
  flags: '--heartbeat-interval <seconds>',
  description: 'that its runs will have: a timeout_minutes must be three of them or more',
};
const load = () => import('../commands/pipeline.js');

/** Commands about pipelines' definitions. */
export const pipelineSpecs: readonly CommandSpec[] = [
  {
    name: 'pipeline',
    summary: 'store, show and change pipelines',
    commands: [
      {
        name: 'import',
        summary: 'store a definition; prints its id',
        arguments: [file],
        options: [
          { flags: '--id <n>', description: 'store it under this id, whatever the file says', kind: 'id' },
          { flags: '--name <name>', description: 'store it under this name, whatever the file says', kind: 'text' },
          {
            flags: '--update',
            description: 'replace the definition of that id, else of that name; keep its events',
          },
          heartbeatInterval,
        ],
        load: async () => (await load()).importPipeline,
      },
      { name: 'list', summary: 'list all pipelines', load: async () => (await load()).listPipelines },
      { name: 'show', summary: 'show a pipeline', arguments: [id], load: async () => (await load()).showPipeline },
      {
        name: 'export',
        summary: 'print a definition that can be imported again, its ABIs in it',
        arguments: [id],
        load: async () => (await load()).exportPipeline,
      },
      {
        name: 'validate',
        summary: 'check a definition without storing it',
        arguments: [file],
        options: [heartbeatInterval],
        load: async () => (await load()).validatePipeline,
      },
      { name: 'enable', summary: 'let it run again', arguments: [id], load: async () => (await load()).enablePipeline },
      {
        name: 'disable',
        summary: 'keep it from running',
        arguments: [id],
        load: async () => (await load()).disablePipeline,
      },
      {
        name: 'rewind',
        summary: 'take back all rows above a block, so that a run reads them again',
        arguments: [id],
        options: [
          { flags: '--to-block <n>', description: 'the last block that is kept', kind: 'number', required: true },
          {
            flags: '--rpc-url <url>',
            description: 'where its hash is asked for; repeat it for several',
            repeatable: true,
          },
        ],
        load: async () => (await import('../commands/rewind-pipeline.js')).rewindPipeline,
      },
      {
        name: 'delete',
        summary: 'delete a pipeline with its tasks and events',
        arguments: [id],
        load: async () => (await load()).deletePipeline,
      },
    ],
  },
];

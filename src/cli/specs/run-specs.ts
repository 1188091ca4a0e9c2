import type { CommandSpec } from '../command-line/command-spec.js';

/** Commands that prepare the database and run pipelines. */
export const runSpecs: readonly CommandSpec[] = [
  {
    name: 'migrate',
    summary: 'bring the database to the newest schema',
    options: [
      { flags: '--status', description: 'show which migrations are applied; change nothing' },
      { flags: '--sql', description: 'print what would be run; change nothing' },
      { flags: '--rollback', description: 'take back the newest migration; drops only what chainparse made' },
      { flags: '--all', description: 'with --rollback: take back all' },
      {
        flags: '--time-zone <offset>',
        description:
          'read all times in the database as of this offset from UTC, such as +08:00, from now on: none is written anew; refused while anything runs',
      },
    ],
    load: async () => (await import('../commands/migrate.js')).migrate,
  },
  {
    name: 'run-pipeline',
    summary: 'run a pipeline in the foreground as one task',
    arguments: [{ name: 'id', description: "the pipeline's id or name", kind: 'pipeline' }],
    options: [
      { flags: '--mode <mode>', description: 'instead of the definition’s', choices: ['realtime', 'historical'] },
      { flags: '--from-block <n>', description: 'first block, inclusive', kind: 'number' },
      { flags: '--to-block <n>', description: 'last block, inclusive', kind: 'number' },
      { flags: '--fresh', description: 'ignore the checkpoint and start over; rows are replaced' },
      { flags: '--take-over', description: 'take the pipeline from a task that still beats' },
      { flags: '--rpc-url <url>', description: 'RPC endpoint; repeat it for several', repeatable: true },
      { flags: '--heartbeat-interval <seconds>', description: 'seconds between two heartbeats' },
      { flags: '--stall-after <seconds>', description: 'stop beating when nothing has moved for so long' },
      {
        flags: '--doubt <seconds>',
        description: 'doubt the logs of new blocks that nothing proves for so long; 0: not',
      },
      { flags: '--timeout <minutes>', description: 'after how much silence a monitor fails this task' },
      { flags: '--metrics-port <port>', description: 'serve metrics for Prometheus on this port; off where left out' },
      { flags: '--metrics-host <address>', description: 'address to serve them on; 127.0.0.1 where left out' },
    ],
    stopsGracefully: true,
    load: async () => (await import('../commands/run-pipeline.js')).runPipeline,
  },
];

import type { CommandSpec } from '../command-line/command-spec.js';

/** What runs queued tasks. */
export const workerSpecs: readonly CommandSpec[] = [
  {
    name: 'worker',
    summary: 'run queued tasks, many at once, on as many hosts as wanted',
    options: [
      { flags: '--concurrency <n>', description: 'tasks at one time; 4 where left out', kind: 'id' },
      { flags: '--rpc-url <url>', description: 'RPC endpoint of every chain; repeat it for several', repeatable: true },
      { flags: '--heartbeat-interval <seconds>', description: 'seconds between two heartbeats' },
      { flags: '--stall-after <seconds>', description: 'stop beating when nothing has moved for so long' },
      {
        flags: '--doubt <seconds>',
        description: 'doubt the logs of new blocks that nothing proves for so long; 0: not',
      },
      { flags: '--timeout <minutes>', description: 'after how much silence a monitor fails these tasks' },
      { flags: '--metrics-port <port>', description: 'serve metrics for Prometheus on this port; off where left out' },
      { flags: '--metrics-host <address>', description: 'address to serve them on; 127.0.0.1 where left out' },
    ],
    stopsGracefully: true,
    load: async () => (await import('../commands/worker.js')).work,
  },
];

import type { CommandSpec } from '../command-line/command-spec.js';

/** Commands about the heartbeat itself. */
export const heartbeatSpecs: readonly CommandSpec[] = [
  {
    name: 'heartbeat',
    summary: 'prove that heartbeats work; beat for a program that shares the table',
    commands: [
      {
        name: 'test',
        summary: 'prove the mechanism against the database, in rows of its own; leaves nothing behind',
        options: [
          { flags: '--heartbeat-interval <seconds>', description: 'of your runs: what the round trip is measured by' },
        ],
        stopsGracefully: true,
        load: async () => (await import('../commands/heartbeat-test.js')).testHeartbeat,
      },
      {
        name: 'send',
        summary: 'renew the lease of a running task once',
        arguments: [{ name: 'id', description: "the task's id", kind: 'id' }],
        load: async () => (await import('../commands/heartbeat-send.js')).sendHeartbeat,
      },
    ],
  },
];

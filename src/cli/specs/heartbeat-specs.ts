import type { CommandSpec } from '../command-spec.js';

/** Commands about the heartbeat itself. */
export const heartbeatSpecs: readonly CommandSpec[] = [
  {
    name: 'heartbeat',
    summary: 'beat for a program that shares the table',
    commands: [
      {
        name: 'send',
        summary: 'renew the lease of a running task once',
        arguments: [{ name: 'id', description: "the task's id", kind: 'id' }],
        load: async () => (await import('../commands/heartbeat-send.js')).sendHeartbeat,
      },
    ],
  },
];

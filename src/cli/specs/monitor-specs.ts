import type { CommandSpec } from '../command-line/command-spec.js';

/** The timeout daemon. */
export const monitorSpecs: readonly CommandSpec[] = [
  {
    name: 'monitor',
    summary: 'fail the tasks that fell silent',
    options: [
      { flags: '--timeout <minutes>', description: 'silence after which a task is failed; 60 where left out' },
      { flags: '--interval <seconds>', description: 'from one check to the next; 300 where left out' },
      { flags: '--heartbeat-interval <seconds>', description: 'the interval of tasks that do not say theirs' },
      { flags: '--metrics-port <port>', description: 'serve metrics for Prometheus on this port; off where left out' },
      { flags: '--metrics-host <address>', description: 'address to serve them on; 127.0.0.1 where left out' },
      { flags: '--once', description: 'one check, then exit' },
    ],
    stopsGracefully: true,
    load: async () => (await import('../commands/monitor.js')).monitorTasks,
  },
];

import type { CommandSpec } from '../command-line/command-spec.js';

/** The whole system at a glance. */
export const statusSpecs: readonly CommandSpec[] = [
  {
    name: 'status',
    summary: 'show pipelines, running tasks, alerts and monitors on one screen',
    options: [
      { flags: '--once', description: 'print it once; also where there is no terminal' },
      { flags: '--interval <seconds>', description: 'show it anew so often; 2 where left out', kind: 'seconds' },
    ],
    stopsGracefully: true,
    load: async () => (await import('../commands/status.js')).showStatus,
  },
];

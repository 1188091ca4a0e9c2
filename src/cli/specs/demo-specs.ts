import type { CommandSpec } from '../command-line/command-spec.js';

/** The command that shows the whole system at work. */
export const demoSpecs: readonly CommandSpec[] = [
  {
    name: 'demo',
    summary: 'show the whole system at work in under a minute: no server, no network, nothing left behind',
    stopsGracefully: true,
    load: async () => (await import('../commands/demo.js')).demo,
  },
];

import type { CommandSpec } from '../command-line/command-spec.js';

const load = () => import('../commands/alerts.js');

/** Commands about alerts. */
export const alertSpecs: readonly CommandSpec[] = [
  {
    name: 'alerts',
    summary: 'see, clear and test alerts',
    commands: [
      {
        name: 'list',
        summary: 'list the alerts that stand, newest first',
        options: [
          { flags: '--all', description: 'those that were cleared, too' },
          { flags: '--limit <n>', description: 'how many; 20 where left out', kind: 'id' },
        ],
        load: async () => (await load()).listAlerts,
      },
      {
        name: 'clear',
        summary: 'clear an alert; it stays quiet until it would have been repeated',
        arguments: [{ name: 'id', description: "the alert's id", kind: 'id', optional: true }],
        options: [{ flags: '--all', description: 'every alert that stands' }],
        load: async () => (await load()).clearAlerts,
      },
      {
        name: 'test',
        summary: 'send a test message to the webhook and the command of the settings',
        load: async () => (await load()).testAlerts,
      },
    ],
  },
];

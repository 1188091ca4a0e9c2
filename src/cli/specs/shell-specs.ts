import type { CommandSpec } from '../command-line/command-spec.js';

/** Commands about chainparse itself. */
export const shellSpecs: readonly CommandSpec[] = [
  {
    name: 'config',
    summary: 'print every setting, its value and where it came from',
    load: async () => (await import('../commands/config.js')).showConfig,
  },
  {
    name: 'completion',
    summary: 'print the completion script of a shell',
    arguments: [{ name: 'shell', description: 'bash, zsh or fish', choices: ['bash', 'zsh', 'fish'] }],
    load: async () => (await import('../commands/completion.js')).printCompletion,
  },
];

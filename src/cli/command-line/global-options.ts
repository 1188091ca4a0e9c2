import type { OptionSpec } from './command-outline.js';

/** The options that every command takes, before or behind its name. */
export const globalOptions: readonly OptionSpec[] = [
  { flags: '--database <url>', description: 'sqlite:PATH, mysql://…, mariadb://… or postgres://…' },
  { flags: '--json', description: 'print one JSON document, or one a line' },
  { flags: '-q, --quiet', description: 'print results and errors only' },
  { flags: '--no-color', description: 'print without colors' },
  { flags: '--wide', description: 'print tables whole, also where the terminal is narrower' },
  { flags: '--lang <lang>', description: 'language of headings and log lines', choices: ['en', 'zh'] },
  {
    flags: '--log-level <level>',
    description: 'least severe level to log',
    choices: ['trace', 'debug', 'info', 'warn', 'error'],
  },
  { flags: '--log-format <format>', description: 'form of the log on stderr', choices: ['pretty', 'json'] },
  { flags: '--log-dir <dir>', description: 'folder of task logs' },
];

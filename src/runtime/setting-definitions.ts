import { z } from 'zod';
import type { LogLevel } from './logger.js';
import type { Lang } from './messages.js';
import { maskUrl } from './secrets.js';
import { parseUtcOffset } from './utc-offset.js';
import { hour, week, year } from './amount.js';
import { amount, amountOrNone, define, oneOf } from './setting-definition.js';

const databaseUrl = z.string().superRefine((url, context) => {
  const problem = databaseUrlProblem(url);
  if (problem !== null) context.addIssue(problem);
});

function databaseUrlProblem(url: string): string | null {
  if (/^sqlite:/i.test(url)) return /^sqlite:(?:\/\/)?$/i.test(url) ? 'names no file' : null;
  if (!/^(?:mysql|mariadb|postgres|postgresql):\/\//i.test(url)) return 'is no database URL';
  if (!URL.canParse(url) || maskUrl(url).endsWith('//***')) {
    return 'is malformed (in user and password, characters such as @ : / # % are written %40 %3A %2F %23 %25)';
  }
  const { host, pathname, searchParams } = new URL(url);
  // PostgreSQL's may name the folder of a socket, and the database, behind the question mark.
  if (host === '' && !searchParams.has('host')) return 'names no host';
  return pathname.length > 1 || searchParams.has('dbname') ? null : 'names no database';
}

const timezone = z.string().transform((text, context) => {
  const offset = parseUtcOffset(text);
  if (offset !== null) return offset;
  context.addIssue('is no offset');
  return z.NEVER;
});

const logLevels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];
const langs: readonly Lang[] = ['en', 'zh'];
const logFormats: readonly ('pretty' | 'json')[] = ['pretty', 'json'];

/** Every setting but the chains' RPC URLs. */
export const settingDefinitions = {
  databaseUrl: define({
    title: 'database',
    flag: 'database',
    variable: 'CHAINPARSE_DATABASE_URL',
    key: 'database',
    default: 'sqlite:chainparse.db',
    schema: databaseUrl,
    hint: 'write sqlite:PATH, mysql://user:password@host:port/database, mariadb://… or postgres://…',
    show: maskUrl,
  }),
  databaseTimezone: define({
    title: 'database time zone',
    flag: undefined,
    variable: 'CHAINPARSE_DB_TIMEZONE',
    key: 'database_timezone',
    default: '+00:00',
    schema: timezone,
    hint: 'write an offset from UTC, such as +00:00 or +08:00',
  }),
  heartbeatIntervalSeconds: define({
    title: 'heartbeat interval',
    flag: 'heartbeatInterval',
    variable: 'CHAINPARSE_HEARTBEAT_INTERVAL',
    key: 'heartbeat_interval',
    default: '30',
    schema: amount('seconds', week),
    hint: 'write seconds, such as 30',
  }),
  stallAfterSeconds: define({
    title: 'stall limit',
    flag: 'stallAfter',
    variable: 'CHAINPARSE_STALL_AFTER',
    key: 'stall_after',
    default: '300',
    schema: amount('seconds', week),
    hint: 'write seconds, such as 300',
  }),
  doubtSeconds: define({
    title: 'doubt',
    flag: 'doubt',
    variable: 'CHAINPARSE_DOUBT',
    key: 'doubt',
    default: '2',
    schema: amountOrNone('seconds', hour),
    hint: 'write seconds, such as 2, or 0 to believe what a node says of a new block at once',
  }),
  taskTimeoutMinutes: define({
    title: 'task timeout',
    flag: 'timeout',
    variable: 'CHAINPARSE_TASK_TIMEOUT',
    key: 'task_timeout',
    default: '60',
    schema: amount('minutes', year),
    hint: 'write minutes, such as 60 or 1.5',
  }),
  checkIntervalSeconds: define({
    title: 'check interval',
    flag: 'interval',
    variable: 'CHAINPARSE_CHECK_INTERVAL',
    key: 'check_interval',
    default: '300',
    schema: amount('seconds', week),
    hint: 'write seconds, such as 300',
  }),
  logDir: define({
    title: 'log folder',
    flag: 'logDir',
    variable: 'CHAINPARSE_LOG_DIR',
    key: 'log_dir',
    default: 'logs',
    schema: z.string().min(1, 'is empty'),
    hint: 'write the path of a folder',
  }),
  logLevel: define({
    title: 'log level',
    flag: 'logLevel',
    variable: 'LOG_LEVEL',
    key: 'log_level',
    default: 'info',
    schema: oneOf<LogLevel>(logLevels, { warning: 'warn', fatal: 'error', critical: 'error' }),
    hint: `write one of ${logLevels.join(', ')}`,
  }),
  logFormat: define<'pretty' | 'json' | 'auto'>({
    title: 'log format',
    flag: 'logFormat',
    variable: 'CHAINPARSE_LOG_FORMAT',
    key: 'log_format',
    default: 'auto',
    schema: oneOf<'pretty' | 'json'>(logFormats),
    hint: 'write pretty or json',
  }),
  lang: define({
    title: 'language',
    flag: 'lang',
    variable: 'CHAINPARSE_LANG',
    key: 'lang',
    default: 'en',
    schema: oneOf(langs),
    hint: 'write en or zh',
  }),
} as const;

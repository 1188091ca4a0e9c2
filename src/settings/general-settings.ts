import type { Lang } from '../runtime/lang.js';
import { logLevels, type LogLevel } from '../runtime/logger.js';
import { hour, week, year } from './amount.js';
import * as is from './setting-values.js';
import { setting } from './setting.js';

const logFormats: readonly ('pretty' | 'json')[] = ['pretty', 'json'];
const langs: readonly Lang[] = ['en', 'zh'];

/** What every command may need. */
export const generalSettings = {
  databaseUrl: setting({
    key: 'database',
    flag: '--database <url>',
    variable: 'CHAINPARSE_DATABASE_URL',
    default: 'sqlite:chainparse.db',
    read: is.databaseUrl,
    title: 'database',
    description:
      'sqlite:PATH, mysql://…, mariadb://… or postgres://…; of a cluster, each node, with commas between them',
    hint: 'write sqlite:PATH, mysql://user:password@host:port/database, mariadb://… or postgres://…',
    secret: 'url',
  }),
  /** An offset from UTC, such as `+08:00`; undefined where nothing is set: the database knows its own. */
  databaseTimezone: setting({
    key: 'database_timezone',
    variable: 'CHAINPARSE_DB_TIMEZONE',
    default: '+00:00',
    read: is.timezone,
    unset: { value: undefined },
    title: 'database time zone',
    description: 'offset from UTC of the times in the database; where nothing is set, the one that the database has',
    hint: 'write an offset from UTC, such as +00:00 or +08:00',
  }),
  heartbeatIntervalSeconds: setting({
    key: 'heartbeat_interval',
    flag: '--heartbeat-interval <seconds>',
    default: '30',
    read: is.amount('seconds', week),
    title: 'heartbeat interval',
    description: 'seconds between two heartbeats of a run',
    hint: 'write seconds, such as 30',
  }),
  stallAfterSeconds: setting({
    key: 'stall_after',
    flag: '--stall-after <seconds>',
    default: '300',
    read: is.amount('seconds', week),
    title: 'stall limit',
    description: 'stop beating when nothing has moved for so long',
    hint: 'write seconds, such as 300',
  }),
  /** How long the logs of a new block are doubted that nothing proves; 0: not. */
  doubtSeconds: setting({
    key: 'doubt',
    flag: '--doubt <seconds>',
    default: '2',
    read: is.amountOrNone('seconds', hour),
    title: 'doubt',
    description: 'doubt the logs of new blocks that nothing proves for so long; 0: not',
    hint: 'write seconds, such as 2, or 0 to believe what a node says of a new block at once',
  }),
  /** Over all endpoints of a chain. */
  maxRequests: setting({
    key: 'max_requests',
    flag: '--max-requests <number>',
    default: '64',
    read: is.count,
    title: 'requests in flight',
    description: 'most requests in flight to one chain, over all of its endpoints',
    hint: 'write a whole number, such as 64',
  }),
  /** Of each endpoint; null: as many as it bears. */
  requestsPerSecond: setting({
    key: 'rps',
    flag: '--rps <number>',
    default: 'off',
    read: is.orOff(is.amount('requests', 1_000_000)),
    title: 'requests a second',
    description: 'most requests a second to one endpoint; off: as many as it bears',
    hint: 'write how many a second, such as 25, or off',
  }),
  taskTimeoutMinutes: setting({
    key: 'task_timeout',
    flag: '--timeout <minutes>',
    default: '60',
    read: is.amount('minutes', year),
    title: 'task timeout',
    description: 'silence after which a monitor fails a task; 60 where left out',
    hint: 'write minutes, such as 60 or 1.5',
  }),
  checkIntervalSeconds: setting({
    key: 'check_interval',
    flag: '--interval <seconds>',
    default: '300',
    read: is.amount('seconds', week),
    title: 'check interval',
    description: 'from one check of the monitor to the next; 300 where left out',
    hint: 'write seconds, such as 300',
  }),
  logDir: setting({
    key: 'log_dir',
    flag: '--log-dir <dir>',
    default: 'logs',
    read: is.nonEmpty,
    title: 'log folder',
    description: 'folder of task logs',
    hint: 'write the path of a folder',
  }),
  dataDir: setting({
    key: 'data_dir',
    flag: '--data-dir <dir>',
    default: 'data',
    read: is.nonEmpty,
    title: 'data folder',
    description: 'folder of the files that pipelines write',
    hint: 'write the path of a folder',
  }),
  /** In front of `/datasets/NAME`. */
  portalUrl: setting({
    key: 'portal_url',
    flag: '--portal-url <url>',
    default: 'https://portal.sqd.dev',
    read: is.webUrl,
    title: 'SQD Portal',
    description: 'SQD Portal that settled blocks come from where a definition says history: portal',
    hint: 'write the URL of a portal, such as https://portal.sqd.dev',
    secret: 'url',
  }),
  logLevel: setting({
    key: 'log_level',
    flag: '--log-level <level>',
    variable: 'LOG_LEVEL',
    default: 'info',
    read: is.oneOf<LogLevel>(logLevels, { warning: 'warn', fatal: 'error', critical: 'error' }),
    choices: logLevels,
    title: 'log level',
    description: 'least severe level to log',
    hint: `write one of ${logLevels.join(', ')}`,
  }),
  /** `auto`: pretty on a terminal, else json. */
  logFormat: setting<'pretty' | 'json' | 'auto', 'log_format'>({
    key: 'log_format',
    flag: '--log-format <format>',
    default: 'auto',
    read: is.oneOf<'pretty' | 'json'>(logFormats),
    unset: { value: 'auto' },
    choices: logFormats,
    title: 'log format',
    description: 'form of the log on stderr',
    hint: 'write pretty or json',
  }),
  lang: setting({
    key: 'lang',
    flag: '--lang <lang>',
    default: 'en',
    read: is.oneOf(langs),
    choices: langs,
    title: 'language',
    description: 'language of headings and log lines',
    hint: 'write en or zh',
  }),
} as const;

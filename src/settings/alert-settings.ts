import { week, year } from './amount.js';
import { setting } from './setting.js';

/** When an alert is raised, and where it is sent. A rule that is null or false is switched off. */
export const alertSettings = {
  /** Null: no webhook. */
  webhookUrl: setting({
    key: 'alerts.webhook_url',
    variable: 'CHAINPARSE_ALERT_WEBHOOK_URL',
    default: '',
    schema: (is) => is.orNone(is.webUrl),
    title: 'alert webhook',
    description: 'URL that alerts are sent to',
    hint: 'write http://… or https://…',
    secret: 'url',
  }),
  /** Null: deliveries are not signed. */
  webhookSecret: setting({
    key: 'alerts.webhook_secret',
    variable: 'CHAINPARSE_ALERT_WEBHOOK_SECRET',
    default: '',
    schema: (is) => is.orNone(is.signingSecret),
    title: 'alert webhook secret',
    description: 'what deliveries to it are signed with',
    hint: 'write whsec_ and base64, or any text of 8 characters or more',
    secret: 'password',
  }),
  /** A program and its arguments; null: none. */
  command: setting({
    key: 'alerts.command',
    variable: 'CHAINPARSE_ALERT_COMMAND',
    default: '',
    schema: (is) => is.orNone(is.words),
    isList: true,
    title: 'alert command',
    description: 'program, with its arguments, that is run for each alert',
    hint: "write a program and its arguments, such as /usr/local/bin/page 'the team'",
    secret: 'text',
  }),
  /** Null: messages lead nowhere. */
  pageUrl: setting({
    key: 'alerts.page_url',
    variable: 'CHAINPARSE_PAGE_URL',
    default: '',
    schema: (is) => is.orNone(is.webUrl),
    title: 'address of the page',
    description: 'URL under which people reach the page of chainparse serve; alerts lead there',
    hint: 'write http://… or https://…',
    secret: 'url',
  }),
  /** How long one delivery may take. */
  deliveryTimeoutSeconds: setting({
    key: 'alerts.delivery_timeout',
    variable: 'CHAINPARSE_ALERT_DELIVERY_TIMEOUT',
    default: '10',
    schema: (is) => is.amount('seconds', 600),
    title: 'alert delivery timeout',
    description: 'seconds that one delivery may take',
    hint: 'write seconds, such as 10',
  }),
  /** After how long an alert that still stands is told again; null: never. */
  repeatMinutes: setting({
    key: 'alerts.repeat',
    variable: 'CHAINPARSE_ALERT_REPEAT',
    default: '60',
    schema: (is) => is.orOff(is.amount('minutes', year)),
    title: 'alert repetition',
    description: 'minutes after which an alert that still stands is told again',
    hint: 'write minutes, such as 60, or off',
  }),
  /** After how long an alert that was cleared is forgotten; null: never. */
  retentionDays: setting({
    key: 'alerts.retention',
    variable: 'CHAINPARSE_ALERT_RETENTION',
    default: '90',
    schema: (is) => is.orOff(is.amount('days', 36_500)),
    title: 'alert retention',
    description: 'days after which an alert that was cleared is forgotten',
    hint: 'write days, such as 90, or off',
  }),
  /** So many beats in a row that failed. */
  heartbeatFailures: setting({
    key: 'alerts.heartbeat_failures',
    variable: 'CHAINPARSE_ALERT_HEARTBEAT_FAILURES',
    default: '3',
    schema: (is) => is.orOff(is.count),
    title: 'alert after heartbeat failures',
    description: 'heartbeats in a row that fail before it is told',
    hint: 'write how many in a row, such as 3, or off',
  }),
  /** The part of the tasks that ended within the window which timed out, from 0 to 1. */
  timeoutRate: setting({
    key: 'alerts.timeout_rate',
    variable: 'CHAINPARSE_ALERT_TIMEOUT_RATE',
    default: '0.2',
    schema: (is) => is.orOff(is.share),
    title: 'alert at a timeout rate',
    description: 'part of the tasks that ended of late which timed out',
    hint: 'write a part of the tasks that end, such as 0.2 or 20%, or off',
  }),
  timeoutRateWindowMinutes: setting({
    key: 'alerts.timeout_rate_window',
    variable: 'CHAINPARSE_ALERT_TIMEOUT_RATE_WINDOW',
    default: '60',
    schema: (is) => is.amount('minutes', year),
    title: 'window of the timeout rate',
    description: 'minutes that this part is taken of',
    hint: 'write minutes, such as 60',
  }),
  /** Fewer timeouts in the window raise no alert. */
  timeoutRateMinimum: setting({
    key: 'alerts.timeout_rate_minimum',
    variable: 'CHAINPARSE_ALERT_TIMEOUT_RATE_MINIMUM',
    default: '3',
    schema: (is) => is.count,
    title: 'fewest timeouts of a rate',
    description: 'fewest timeouts of which it is told',
    hint: 'write a number of tasks, such as 3',
  }),
  /** For how long the database is away. */
  databaseUnreachableSeconds: setting({
    key: 'alerts.database_unreachable',
    variable: 'CHAINPARSE_ALERT_DATABASE_UNREACHABLE',
    default: '60',
    schema: (is) => is.orOff(is.amount('seconds', week)),
    title: 'alert when the database is away',
    description: 'seconds that the database is away before it is told',
    hint: 'write after how many seconds, such as 60, or off',
  }),
  noMonitor: setting({
    key: 'alerts.no_monitor',
    variable: 'CHAINPARSE_ALERT_NO_MONITOR',
    default: 'on',
    schema: (is) => is.onOff,
    title: 'alert where no monitor is alive',
    description: 'whether runs tell that no monitor is alive',
    hint: 'write on or off',
  }),
  pipelineDown: setting({
    key: 'alerts.pipeline_down',
    variable: 'CHAINPARSE_ALERT_PIPELINE_DOWN',
    default: 'on',
    schema: (is) => is.onOff,
    title: 'alert on pipelines that are down',
    description: 'whether it is told that a pipeline is down',
    hint: 'write on or off',
  }),
  pipelineStalled: setting({
    key: 'alerts.pipeline_stalled',
    variable: 'CHAINPARSE_ALERT_PIPELINE_STALLED',
    default: 'on',
    schema: (is) => is.onOff,
    title: 'alert on pipelines that stall',
    description: 'whether it is told that a pipeline is silent, or does not move',
    hint: 'write on or off',
  }),
  /** What earlier versions called `pipelineStalled`: off switches that off, too. */
  taskStalled: setting({
    key: 'alerts.task_stalled',
    variable: 'CHAINPARSE_ALERT_TASK_STALLED',
    default: 'on',
    schema: (is) => is.onOff,
    title: 'alert on stalled tasks',
    description: 'older name of pipeline_stalled: off switches it off',
    hint: 'write on or off; newer: alerts.pipeline_stalled',
  }),
  /** For how long no endpoint of a chain answers; null: it is not told. */
  rpcUnreachableSeconds: setting({
    key: 'alerts.rpc_unreachable',
    variable: 'CHAINPARSE_ALERT_RPC_UNREACHABLE',
    default: '60',
    schema: (is) => is.orOff(is.amount('seconds', week)),
    title: 'alert when a chain is unreachable',
    description: 'seconds that no endpoint of a chain answers before it is told',
    hint: 'write after how many seconds, such as 60, or off',
  }),
  /** By how much a pipeline is behind the head, without gaining; null: it is not told. */
  lagMinutes: setting({
    key: 'alerts.lag',
    variable: 'CHAINPARSE_ALERT_LAG',
    default: '5',
    schema: (is) => is.orOff(is.amount('minutes', year)),
    title: 'alert on lag',
    description: 'minutes that a pipeline is behind the head, without gaining, before it is told',
    hint: 'write after how many minutes, such as 5, or off',
  }),
  /** For how long a sink can't deliver; null: it is not told. */
  sinkBehindMinutes: setting({
    key: 'alerts.sink_behind',
    variable: 'CHAINPARSE_ALERT_SINK_BEHIND',
    default: '5',
    schema: (is) => is.orOff(is.amount('minutes', year)),
    title: 'alert when a sink falls behind',
    description: 'minutes that a sink can’t deliver before it is told',
    hint: 'write after how many minutes, such as 5, or off',
  }),
  sinkDeadLetters: setting({
    key: 'alerts.sink_dead_letters',
    variable: 'CHAINPARSE_ALERT_SINK_DEAD_LETTERS',
    default: 'on',
    schema: (is) => is.onOff,
    title: 'alert on dead letters',
    description: 'whether it is told that messages of a sink are dead letters',
    hint: 'write on or off',
  }),
} as const;

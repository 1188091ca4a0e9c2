import { week, year } from './amount.js';
import * as is from './setting-values.js';
import { onOff, setting } from './setting.js';

/** When an alert is raised, and where it is sent. A rule that is null or false is switched off. */
export const alertSettings = {
  /** Null: no webhook. */
  webhookUrl: setting({
    key: 'alerts.webhook_url',
    read: is.orNone(is.webUrl),
    title: 'alert webhook',
    description: 'URL that alerts are sent to',
    hint: 'write http://… or https://…',
    secret: 'url',
  }),
  /** Null: deliveries are not signed. */
  webhookSecret: setting({
    key: 'alerts.webhook_secret',
    read: is.orNone(is.signingSecret),
    title: 'alert webhook secret',
    description: 'what deliveries to it are signed with',
    hint: 'write whsec_ and base64, or any text of 8 characters or more',
    secret: 'password',
  }),
  /** A program and its arguments; null: none. */
  command: setting({
    key: 'alerts.command',
    read: is.orNone(is.words),
    isList: true,
    title: 'alert command',
    description: 'program, with its arguments, that is run for each alert',
    hint: "write a program and its arguments, such as /usr/local/bin/page 'the team'",
    secret: 'words',
  }),
  /** Null: nobody there is told. */
  slackUrl: setting({
    key: 'alerts.slack_url',
    read: is.orNone(is.webUrl),
    title: 'Slack webhook',
    description: 'incoming webhook of Slack that alerts are sent to',
    hint: 'write https://hooks.slack.com/services/…',
    secret: 'url',
  }),
  discordUrl: setting({
    key: 'alerts.discord_url',
    read: is.orNone(is.webUrl),
    title: 'Discord webhook',
    description: 'webhook of Discord that alerts are sent to',
    hint: 'write https://discord.com/api/webhooks/…',
    secret: 'url',
  }),
  telegramToken: setting({
    key: 'alerts.telegram_token',
    read: is.orNone(is.nonEmpty),
    title: 'Telegram token',
    description: 'token of the bot that sends alerts to Telegram',
    hint: 'write what @BotFather gave',
    secret: 'password',
  }),
  telegramChat: setting({
    key: 'alerts.telegram_chat',
    read: is.orNone(is.nonEmpty),
    title: 'Telegram chat',
    description: 'chat of Telegram that alerts are sent to',
    hint: 'write its id, such as -1001234567890, or @channel',
  }),
  telegramUrl: setting({
    key: 'alerts.telegram_url',
    default: 'https://api.telegram.org',
    read: is.webUrl,
    title: 'Telegram API',
    description: 'URL of the Bot API of Telegram',
    hint: 'write https://api.telegram.org',
    secret: 'url',
  }),
  pagerdutyKey: setting({
    key: 'alerts.pagerduty_key',
    read: is.orNone(is.nonEmpty),
    title: 'PagerDuty key',
    description: 'integration key (Events API v2) of the service of PagerDuty that is told',
    hint: 'write the 32 characters of the integration',
    secret: 'password',
  }),
  pagerdutyUrl: setting({
    key: 'alerts.pagerduty_url',
    default: 'https://events.pagerduty.com/v2/enqueue',
    read: is.webUrl,
    title: 'PagerDuty API',
    description: 'URL of the Events API v2 of PagerDuty',
    hint: 'write https://events.pagerduty.com/v2/enqueue, or that of events.eu.pagerduty.com',
    secret: 'url',
  }),
  emailUrl: setting({
    key: 'alerts.email_url',
    read: is.orNone(is.mailUrl),
    title: 'mail server',
    description: 'SMTP server by which alerts are sent',
    hint: 'write smtp://user:password@host:587 or smtps://…',
    secret: 'url',
  }),
  emailFrom: setting({
    key: 'alerts.email_from',
    read: is.orNone(is.nonEmpty),
    title: 'sender of alerts',
    description: 'address that alerts by e-mail come from',
    hint: 'write an address',
  }),
  emailTo: setting({
    key: 'alerts.email_to',
    read: is.orNone(is.words),
    isList: true,
    title: 'receivers of alerts',
    description: 'addresses that alerts by e-mail go to',
    hint: 'write addresses, blanks between them',
  }),
  /** Null: messages lead nowhere. */
  pageUrl: setting({
    key: 'alerts.page_url',
    variable: 'CHAINPARSE_PAGE_URL',
    read: is.orNone(is.webUrl),
    title: 'address of the page',
    description: 'URL under which people reach the page of chainparse serve; alerts lead there',
    hint: 'write http://… or https://…',
    secret: 'url',
  }),
  /** How long one delivery may take. */
  deliveryTimeoutSeconds: setting({
    key: 'alerts.delivery_timeout',
    default: '10',
    read: is.amount('seconds', 600),
    title: 'alert delivery timeout',
    description: 'seconds that one delivery may take',
    hint: 'write seconds, such as 10',
  }),
  /** After how long an alert that still stands is told again; null: never. */
  repeatMinutes: setting({
    key: 'alerts.repeat',
    default: '60',
    read: is.orOff(is.amount('minutes', year)),
    title: 'alert repetition',
    description: 'minutes after which an alert that still stands is told again',
    hint: 'write minutes, such as 60, or off',
  }),
  /** After how long an alert that was cleared is forgotten; null: never. */
  retentionDays: setting({
    key: 'alerts.retention',
    default: '90',
    read: is.orOff(is.amount('days', 36_500)),
    title: 'alert retention',
    description: 'days after which an alert that was cleared is forgotten',
    hint: 'write days, such as 90, or off',
  }),
  /** So many beats in a row that failed. */
  heartbeatFailures: setting({
    key: 'alerts.heartbeat_failures',
    default: '3',
    read: is.orOff(is.count),
    title: 'alert after heartbeat failures',
    description: 'heartbeats in a row that fail before it is told',
    hint: 'write how many in a row, such as 3, or off',
  }),
  /** The part of the tasks that ended within the window which timed out, from 0 to 1. */
  timeoutRate: setting({
    key: 'alerts.timeout_rate',
    default: '0.2',
    read: is.orOff(is.share),
    title: 'alert at a timeout rate',
    description: 'part of the tasks that ended of late which timed out',
    hint: 'write a part of the tasks that end, such as 0.2 or 20%, or off',
  }),
  timeoutRateWindowMinutes: setting({
    key: 'alerts.timeout_rate_window',
    default: '60',
    read: is.amount('minutes', year),
    title: 'window of the timeout rate',
    description: 'minutes that this part is taken of',
    hint: 'write minutes, such as 60',
  }),
  /** Fewer timeouts in the window raise no alert. */
  timeoutRateMinimum: setting({
    key: 'alerts.timeout_rate_minimum',
    default: '3',
    read: is.count,
    title: 'fewest timeouts of a rate',
    description: 'fewest timeouts of which it is told',
    hint: 'write a number of tasks, such as 3',
  }),
  /** For how long the database is away. */
  databaseUnreachableSeconds: setting({
    key: 'alerts.database_unreachable',
    default: '60',
    read: is.orOff(is.amount('seconds', week)),
    title: 'alert when the database is away',
    description: 'seconds that the database is away before it is told',
    hint: 'write after how many seconds, such as 60, or off',
  }),
  noMonitor: onOff({
    key: 'alerts.no_monitor',
    title: 'alert where no monitor is alive',
    description: 'whether runs tell that no monitor is alive',
  }),
  pipelineDown: onOff({
    key: 'alerts.pipeline_down',
    title: 'alert on pipelines that are down',
    description: 'whether it is told that a pipeline is down',
  }),
  pipelineStalled: onOff({
    key: 'alerts.pipeline_stalled',
    title: 'alert on pipelines that stall',
    description: 'whether it is told that a pipeline is silent, or does not move',
  }),
  /** What earlier versions called `pipelineStalled`: off switches that off, too. */
  taskStalled: onOff({
    key: 'alerts.task_stalled',
    title: 'alert on stalled tasks',
    description: 'older name of pipeline_stalled: off switches it off',
    hint: 'write on or off; newer: alerts.pipeline_stalled',
  }),
  /** For how long no endpoint of a chain answers; null: it is not told. */
  rpcUnreachableSeconds: setting({
    key: 'alerts.rpc_unreachable',
    default: '60',
    read: is.orOff(is.amount('seconds', week)),
    title: 'alert when a chain is unreachable',
    description: 'seconds that no endpoint of a chain answers before it is told',
    hint: 'write after how many seconds, such as 60, or off',
  }),
  /** By how much a pipeline is behind the head, without gaining; null: it is not told. */
  lagMinutes: setting({
    key: 'alerts.lag',
    default: '5',
    read: is.orOff(is.amount('minutes', year)),
    title: 'alert on lag',
    description: 'minutes that a pipeline is behind the head, without gaining, before it is told',
    hint: 'write after how many minutes, such as 5, or off',
  }),
  /** For how long a sink can't deliver; null: it is not told. */
  sinkBehindMinutes: setting({
    key: 'alerts.sink_behind',
    default: '5',
    read: is.orOff(is.amount('minutes', year)),
    title: 'alert when a sink falls behind',
    description: 'minutes that a sink can’t deliver before it is told',
    hint: 'write after how many minutes, such as 5, or off',
  }),
  sinkDeadLetters: onOff({
    key: 'alerts.sink_dead_letters',
    title: 'alert on dead letters',
    description: 'whether it is told that messages of a sink are dead letters',
  }),
} as const;

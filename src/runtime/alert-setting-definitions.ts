import { z } from 'zod';
import { SecretMask, maskUrl } from './secrets.js';
import { week, year } from './amount.js';
import { amount, define, oneOf } from './setting-definition.js';
import { splitWords } from './split-words.js';

/** Reads what `schema` does, or null from the words that `isNull` knows. */
function orNull<T>(isNull: RegExp, schema: z.ZodType<T, string>): z.ZodType<T | null, string> {
  return z.string().transform((text, context) => {
    if (isNull.test(text)) return null;
    const result = schema.safeParse(text);
    if (result.success) return result.data;
    context.addIssue(result.error.issues[0]?.message ?? 'is malformed');
    return z.NEVER;
  });
}

function orOff<T>(schema: z.ZodType<T, string>): z.ZodType<T | null, string> {
  return orNull(/^(?:off|no|false|none|never|0+(?:\.0+)?%?)$/i, schema);
}

function orNone<T>(schema: z.ZodType<T, string>): z.ZodType<T | null, string> {
  return orNull(/^$/, schema);
}

const onOff: z.ZodType<boolean, string> = oneOf(['on', 'off'], {
  true: 'on',
  yes: 'on',
  1: 'on',
  false: 'off',
  no: 'off',
  0: 'off',
}).transform((word) => word === 'on');

const count: z.ZodType<number, string> = z
  .string()
  .regex(/^[1-9]\d{0,6}$/, { error: 'is not a whole number from 1 to 9999999' })
  .transform(Number);

const share: z.ZodType<number, string> = z
  .string()
  .regex(/^\d+(\.\d+)?%?$/, { error: 'is not a part of one, such as 0.2 or 20%' })
  .transform((text) => (text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text)))
  .refine((value) => value > 0 && value <= 1, { error: 'must lie between 0 and 1' });

const webUrl = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:\/\//i.test(text), { error: 'is no HTTP URL' });

/** A key of fewer than 8 bytes, or one that is none and would be read as an empty one, signs nothing. */
const signingSecret = z
  .string()
  .min(8, 'is shorter than 8 characters')
  .refine((text) => !text.startsWith('whsec_') || /^whsec_[A-Za-z0-9+/]{11,}={0,2}$/.test(text), {
    error: 'has no base64 of 8 bytes or more behind whsec_',
  });

const words: z.ZodType<readonly string[], string> = z.string().transform((text, context) => {
  const list = splitWords(text);
  if (list !== null && list.length > 0 && list[0] !== '') return list;
  context.addIssue(list === null ? 'has a quote that is not closed, or is no list of words' : 'names no program');
  return z.NEVER;
});

/** The settings of alerts: when one is raised, and where it is sent. */
export const alertSettingDefinitions = {
  webhookUrl: define({
    title: 'alert webhook',
    flag: undefined,
    variable: 'CHAINPARSE_ALERT_WEBHOOK_URL',
    key: 'alerts.webhook_url',
    default: '',
    schema: orNone(webUrl),
    hint: 'write http://… or https://…',
    show: (text) => (text === '' ? '' : maskUrl(text)),
  }),
  webhookSecret: define({
    title: 'alert webhook secret',
    flag: undefined,
    variable: 'CHAINPARSE_ALERT_WEBHOOK_SECRET',
    key: 'alerts.webhook_secret',
    default: '',
    schema: orNone(signingSecret),
    hint: 'write whsec_ and base64, or any text of 8 characters or more',
    show: (text) => (text === '' ? '' : '***'),
  }),
  command: define({
    title: 'alert command',
    flag: undefined,
    variable: 'CHAINPARSE_ALERT_COMMAND',
    key: 'alerts.command',
    default: '',
    schema: orNone(words),
    hint: "write a program and its arguments, such as /usr/local/bin/page 'the team'",
    show: (text) => new SecretMask().mask(text),
  }),
  deliveryTimeoutSeconds: define({
    title: 'alert delivery timeout',
    flag: undefined,
    variable: 'CHAINPARSE_ALERT_DELIVERY_TIMEOUT',
    key: 'alerts.delivery_timeout',
    default: '10',
    schema: amount('seconds', 600),
    hint: 'write seconds, such as 10',
  }),
  repeatMinutes: define({
    title: 'alert repetition',
    flag: undefined,
    variable: 'CHAINPARSE_ALERT_REPEAT',
    key: 'alerts.repeat',
    default: '60',
    schema: orOff(amount('minutes', year)),
    hint: 'write minutes, such as 60, or off',
  }),
  retentionDays: define({
    title: 'alert retention',
    flag: undefined,
    variable: 'CHAINPARSE_ALERT_RETENTION',
    key: 'alerts.retention',
    default: '90',
    schema: orOff(amount('days', 36_500)),
    hint: 'write days, such as 90, or off',
  }),
  heartbeatFailures: define({
    title: 'alert after heartbeat failures',
    flag: undefined,
    variable: 'CHAINPARSE_ALERT_HEARTBEAT_FAILURES',
    key: 'alerts.heartbeat_failures',
    default: '3',
    schema: orOff(count),
    hint: 'write how many in a row, such as 3, or off',
  }),
  timeoutRate: define({
    title: 'alert at a timeout rate',
    flag: undefined,
    variable: 'CHAINPARSE_ALERT_TIMEOUT_RATE',
    key: 'alerts.timeout_rate',
    default: '0.2',
    schema: orOff(share),
    hint: 'write a part of the tasks that end, such as 0.2 or 20%, or off',
  }),
  timeoutRateWindowMinutes: define({
    title: 'window of the timeout rate',
    flag: undefined,
    variable: 'CHAINPARSE_ALERT_TIMEOUT_RATE_WINDOW',
    key: 'alerts.timeout_rate_window',
    default: '60',
    schema: amount('minutes', year),
    hint: 'write minutes, such as 60',
  }),
  timeoutRateMinimum: define({
    title: 'fewest timeouts of a rate',
    flag: undefined,
    variable: 'CHAINPARSE_ALERT_TIMEOUT_RATE_MINIMUM',
    key: 'alerts.timeout_rate_minimum',
    default: '3',
    schema: count,
    hint: 'write a number of tasks, such as 3',
  }),
  databaseUnreachableSeconds: define({
    title: 'alert when the database is away',
    flag: undefined,
    variable: 'CHAINPARSE_ALERT_DATABASE_UNREACHABLE',
    key: 'alerts.database_unreachable',
    default: '60',
    schema: orOff(amount('seconds', week)),
    hint: 'write after how many seconds, such as 60, or off',
  }),
  noMonitor: define({
    title: 'alert where no monitor is alive',
    flag: undefined,
    variable: 'CHAINPARSE_ALERT_NO_MONITOR',
    key: 'alerts.no_monitor',
    default: 'on',
    schema: onOff,
    hint: 'write on or off',
  }),
  taskStalled: define({
    title: 'alert on stalled tasks',
    flag: undefined,
    variable: 'CHAINPARSE_ALERT_TASK_STALLED',
    key: 'alerts.task_stalled',
    default: 'on',
    schema: onOff,
    hint: 'write on or off',
  }),
} as const;

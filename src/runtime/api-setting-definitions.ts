import { z } from 'zod';
import { define } from './setting-definition.js';
import { hostSchema, portSchema } from './tcp-port.js';

/** What can't stand in a header can't be sent. */
const token: z.ZodType<string | null, string> = z
  .string()
  .regex(/^[\x21-\x7e]*$/, { error: 'has a blank or a character beyond ASCII' })
  .transform((text) => (text === '' ? null : text));

function countOrOff(unit: string): z.ZodType<number | null, string> {
  return z
    .string()
    .regex(/^(?:off|none|[1-9]\d{0,9})$/i, { error: `is no number of ${unit}` })
    .transform((text) => (/^\d/.test(text) ? Number(text) : null));
}

const hide = (text: string): string => (text === '' ? '' : '***');

/** The settings of the HTTP API. */
export const apiSettingDefinitions = {
  host: define({
    title: 'API host',
    flag: 'host',
    variable: 'CHAINPARSE_API_HOST',
    key: 'api.host',
    default: '127.0.0.1',
    schema: hostSchema,
    hint: 'write an address to listen on, such as 127.0.0.1 or 0.0.0.0',
  }),
  port: define({
    title: 'API port',
    flag: 'port',
    variable: 'CHAINPARSE_API_PORT',
    key: 'api.port',
    default: '8000',
    schema: portSchema,
    hint: 'write a port, such as 8000; 0 takes any that is free',
  }),
  token: define({
    title: 'API token',
    flag: undefined,
    variable: 'CHAINPARSE_API_TOKEN',
    key: 'api.token',
    default: '',
    schema: token,
    hint: 'write letters and digits, such as openssl rand -hex 32 prints them',
    show: hide,
  }),
  readToken: define({
    title: 'API read token',
    flag: undefined,
    variable: 'CHAINPARSE_API_READ_TOKEN',
    key: 'api.read_token',
    default: '',
    schema: token,
    hint: 'write letters and digits, such as openssl rand -hex 32 prints them',
    show: hide,
  }),
  rateLimit: define({
    title: 'API rate limit',
    flag: undefined,
    variable: 'CHAINPARSE_API_RATE_LIMIT',
    key: 'api.rate_limit',
    default: '60000',
    schema: countOrOff('requests a minute'),
    hint: 'write requests a minute of one address, such as 60000, or off',
  }),
  maxLagBlocks: define({
    title: 'largest lag of a pipeline that is ready',
    flag: undefined,
    variable: 'CHAINPARSE_API_MAX_LAG',
    key: 'api.max_lag',
    default: '1000',
    schema: countOrOff('blocks'),
    hint: 'write blocks, such as 1000, or off',
  }),
} as const;

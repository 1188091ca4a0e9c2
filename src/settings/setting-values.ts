import { z } from 'zod';
import { amountProblem } from './amount.js';
import { splitWords } from './split-words.js';
import { splitDatabaseUrls } from '../runtime/database-urls.js';
import { maskUrl } from '../runtime/secrets.js';
import { parseUtcOffset } from '../runtime/utc-offset.js';

/** The URL of a database; what its driver makes of it is checked when it is opened. */
export const databaseUrl = z.string().superRefine((urls, context) => {
  const problem = databaseUrlsProblem(urls);
  if (problem !== null) context.addIssue(problem);
});

/** Several URLs are the nodes of one cluster. */
function databaseUrlsProblem(urls: string): string | null {
  const nodes = splitDatabaseUrls(urls);
  const problem = nodes.map(databaseUrlProblem).find((found) => found !== null) ?? null;
  if (problem !== null || nodes.length === 1) return problem;
  if (nodes.some((url) => /^sqlite:/i.test(url))) return 'names a file beside servers: only servers have several nodes';
  const names = new Set(nodes.map((url) => new URL(url).pathname));
  return names.size === 1 ? null : 'names several databases: the nodes of a cluster have one';
}

function databaseUrlProblem(url: string): string | null {
  if (/^sqlite:/i.test(url)) return /^sqlite:(?:\/\/)?$/i.test(url) ? 'names no file' : null;
  if (!/^(?:mysql|mariadb|postgres|postgresql):\/\//i.test(url)) return 'is no database URL';
  if (!URL.canParse(url) || maskUrl(url).endsWith('//***')) {
    return 'is malformed (in user and password, characters such as @ : / # % are written %40 %3A %2F %23 %25)';
  }
  const { host, pathname, searchParams } = new URL(url);
  if (`${host}${searchParams.get('host') ?? ''}`.includes(',')) {
    return 'names several hosts: write a URL for each node of a cluster, with a comma between them';
  }
  // PostgreSQL's may name the folder of a socket, and the database, behind the question mark.
  if (host === '' && !searchParams.has('host')) return 'names no host';
  return pathname.length > 1 || searchParams.has('dbname') ? null : 'names no database';
}

/** Reads a number above zero and at most `max`; fractions are allowed. */
export function amount(unit: string, max: number): z.ZodType<number, string> {
  return z.string().transform((text, context) => {
    const problem = amountProblem(text, unit, max);
    if (problem === null) return Number(text);
    context.addIssue(problem);
    return z.NEVER;
  });
}

/** Reads a number as `amount` does, or zero. */
export function amountOrNone(unit: string, max: number): z.ZodType<number, string> {
  const zero = z
    .string()
    .regex(/^0+(\.0+)?$/)
    .transform(() => 0);
  const some = amount(unit, max);
  return z.string().transform((text, context) => take(zero.safeParse(text).success ? zero : some, text, context));
}

/** Reads one of some words, in capitals or not. */
export function oneOf<T extends string>(
  values: readonly T[],
  aliases: Readonly<Record<string, T>> = {},
): z.ZodType<T, string> {
  return z.string().transform((text, context) => {
    const name = text.toLowerCase();
    const value = values.find((candidate) => candidate === name) ?? aliases[name];
    if (value !== undefined) return value;
    context.addIssue(`is not one of ${values.join(', ')}`);
    return z.NEVER;
  });
}

/** Reads `on` and `off`, and other words for them. */
export const onOff: z.ZodType<boolean, string> = oneOf(['on', 'off'], {
  true: 'on',
  yes: 'on',
  1: 'on',
  false: 'off',
  no: 'off',
  0: 'off',
}).transform((word) => word === 'on');

/** Reads what `schema` does, or null from a word or a zero that switches it off. */
export function orOff<T>(schema: z.ZodType<T, string>): z.ZodType<T | null, string> {
  return orNull(/^(?:off|no|false|none|never|0+(?:\.0+)?%?)$/i, schema);
}

/** Reads what `schema` does, or null from an empty text. */
export function orNone<T>(schema: z.ZodType<T, string>): z.ZodType<T | null, string> {
  return orNull(/^$/, schema);
}

/** Reads what `schema` does, or null from the words that `isNull` knows. */
export function orNull<T>(isNull: RegExp, schema: z.ZodType<T, string>): z.ZodType<T | null, string> {
  return z.string().transform((text, context) => (isNull.test(text) ? null : take(schema, text, context)));
}

function take<T>(schema: z.ZodType<T, string>, text: string, context: z.RefinementCtx): T {
  const result = schema.safeParse(text);
  if (result.success) return result.data;
  context.addIssue(result.error.issues[0]?.message ?? 'is malformed');
  return z.NEVER;
}

/** Reads a number of things; null from `off`. */
export function countOrOff(unit: string): z.ZodType<number | null, string> {
  return z
    .string()
    .regex(/^(?:off|none|[1-9]\d{0,9})$/i, { error: `is no number of ${unit}` })
    .transform((text) => (/^\d/.test(text) ? Number(text) : null));
}

/** A whole number from one on. */
export const count: z.ZodType<number, string> = z
  .string()
  .regex(/^[1-9]\d{0,6}$/, { error: 'is not a whole number from 1 to 9999999' })
  .transform(Number);

/** A part of one: `0.2` or `20%`. */
export const share: z.ZodType<number, string> = z
  .string()
  .regex(/^\d+(\.\d+)?%?$/, { error: 'is not a part of one, such as 0.2 or 20%' })
  .transform((text) => (text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text)))
  .refine((value) => value > 0 && value <= 1, { error: 'must lie between 0 and 1' });

/** A URL of HTTP. */
export const webUrl = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:\/\//i.test(text), { error: 'is no HTTP URL' });

/** A URL of a mail server. */
export const mailUrl = z
  .string()
  .refine((text) => URL.canParse(text) && /^smtps?:\/\/[^/]/i.test(text), { error: 'is no URL of a mail server' });

/** A program and its arguments. */
export const words: z.ZodType<readonly string[], string> = z.string().transform((text, context) => {
  const list = splitWords(text);
  if (list !== null && list.length > 0 && list[0] !== '') return list;
  context.addIssue(list === null ? 'has a quote that is not closed, or is no list of words' : 'names no program');
  return z.NEVER;
});

/** An address or a host's name. */
export const host = z.string().regex(/^[\w.:[\]%-]{1,255}$/, { error: 'is no address and no name of a host' });

/** A TCP port; 0 takes any that is free. */
export const port: z.ZodType<number, string> = z
  .string()
  .regex(/^\d{1,5}$/, { error: 'is no port', abort: true })
  .transform(Number)
  .refine((value) => value <= 65_535, { error: 'must be at most 65535' });

/** An offset from UTC. */
export const timezone: z.ZodType<string | undefined, string> = z.string().transform((text, context) => {
  const offset = parseUtcOffset(text);
  if (offset !== null) return offset;
  context.addIssue('is no offset');
  return z.NEVER;
});

/** A key of fewer than 8 bytes, or one that is none and would be read as an empty one, signs nothing. */
export const signingSecret = z
  .string()
  .min(8, 'is shorter than 8 characters')
  .refine((text) => !text.startsWith('whsec_') || /^whsec_[A-Za-z0-9+/]{11,}={0,2}$/.test(text), {
    error: 'has no base64 of 8 bytes or more behind whsec_',
  });

/** What can't stand in a header can't be sent. */
export const token = orNone(z.string().regex(/^[\x21-\x7e]*$/, { error: 'has a blank or a character beyond ASCII' }));

/** A text. */
export const nonEmpty = z.string().min(1, 'is empty');

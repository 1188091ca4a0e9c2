import { amountProblem } from './amount.js';
import { splitWords } from './split-words.js';
import { parameterProblem } from '../runtime/database-parameters.js';
import { splitDatabaseUrls, sqlitePath } from '../runtime/database-urls.js';
import { isLoginEncoded } from '../runtime/login-header.js';
import { maskUrl } from '../runtime/secrets.js';
import { parseUtcOffset } from '../runtime/utc-offset.js';

/** Reads the text of a setting; throws WrongText. */
export type Read<T> = (text: string) => T;

/** What is wrong with the text of a setting, in words that follow it. */
export class WrongText extends Error {}

/** Reads a text of which `problemOf` says what is wrong, if anything. */
function checked(problemOf: (text: string) => string | null): Read<string> {
  return (text) => {
    const problem = problemOf(text);
    if (problem !== null) throw new WrongText(problem);
    return text;
  };
}

/** Reads a text of one form. */
function matching(pattern: RegExp, problem: string): Read<string> {
  return checked((text) => (pattern.test(text) ? null : problem));
}

/** A text. */
export const nonEmpty = matching(/./s, 'is empty');

/** The URL of a database; what its driver makes of it is checked when it is opened. */
export const databaseUrl = checked(databaseUrlsProblem);

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
  const path = sqlitePath(url);
  if (path !== null) return path === '' ? 'names no file' : parameterProblem(url);
  if (!/^(?:mysql|mariadb|postgres|postgresql):\/\//i.test(url)) return 'is no database URL';
  if (/^postgres\w*:\/\/[^/@]+@\//i.test(url)) {
    // No URL as a whole: what is told is looked through for secrets of URLs.
    return 'names a user and no host (through a socket it is postgres:///database, and behind that ?host=FOLDER&user=NAME)';
  }
  if (!URL.canParse(url) || maskUrl(url).endsWith('//***')) {
    return 'is malformed (in user and password, characters such as @ : / # % are written %40 %3A %2F %23 %25)';
  }
  const { host, pathname, searchParams } = new URL(url);
  if (`${host}${searchParams.get('host') ?? ''}`.includes(',')) {
    return 'names several hosts: write a URL for each node of a cluster, with a comma between them';
  }
  // PostgreSQL's may name the folder of a socket, and the database, behind the question mark.
  if (host === '' && !searchParams.has('host')) return 'names no host';
  return pathname.length > 1 || searchParams.has('dbname') ? parameterProblem(url) : 'names no database';
}

/** Reads a number above zero and at most `max`; fractions are allowed. */
export function amount(unit: string, max: number): Read<number> {
  const read = checked((text) => amountProblem(text, unit, max));
  return (text) => Number(read(text));
}

/** Reads a number as `amount` does, or zero. */
export function amountOrNone(unit: string, max: number): Read<number> {
  const some = amount(unit, max);
  return (text) => (/^0+(\.0+)?$/.test(text) ? 0 : some(text));
}

/** Reads one of some words, in capitals or not. */
export function oneOf<T extends string>(values: readonly T[], aliases: Readonly<Record<string, T>> = {}): Read<T> {
  return (text) => {
    const name = text.toLowerCase();
    const value = values.find((candidate) => candidate === name) ?? aliases[name];
    if (value === undefined) throw new WrongText(`is not one of ${values.join(', ')}`);
    return value;
  };
}

const onOrOff = oneOf(['on', 'off'], { true: 'on', yes: 'on', 1: 'on', false: 'off', no: 'off', 0: 'off' });

/** Reads `on` and `off`, and other words for them. */
export const onOff: Read<boolean> = (text) => onOrOff(text) === 'on';

/** Reads what `read` does, or null from a word or a zero that switches it off. */
export function orOff<T>(read: Read<T>): Read<T | null> {
  return orNull(/^(?:off|no|false|none|never|0+(?:\.0+)?%?)$/i, read);
}

/** Reads what `read` does, or null from an empty text. */
export function orNone<T>(read: Read<T>): Read<T | null> {
  return orNull(/^$/, read);
}

/** Reads what `read` does, or null from the words that `isNull` knows. */
export function orNull<T>(isNull: RegExp, read: Read<T>): Read<T | null> {
  return (text) => (isNull.test(text) ? null : read(text));
}

/** Reads a number of things; null from `off`. */
export function countOrOff(unit: string): Read<number | null> {
  return orNull(/^(?:off|none)$/i, numberLike(/^[1-9]\d{0,9}$/, `is no number of ${unit}`));
}

function numberLike(pattern: RegExp, problem: string): Read<number> {
  const read = matching(pattern, problem);
  return (text) => Number(read(text));
}

/** A whole number from one on. */
export const count = numberLike(/^[1-9]\d{0,6}$/, 'is not a whole number from 1 to 9999999');

/** A part of one: `0.2` or `20%`. */
export const share: Read<number> = (text) => {
  if (!/^\d+(\.\d+)?%?$/.test(text)) throw new WrongText('is not a part of one, such as 0.2 or 20%');
  const value = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (value <= 0 || value > 1) throw new WrongText('must lie between 0 and 1');
  return value;
};

/** A URL of HTTP. */
export const webUrl = checked((text) => {
  if (!URL.canParse(text) || !/^https?:\/\//i.test(text)) return 'is no HTTP URL';
  return isLoginEncoded(new URL(text)) ? null : 'has a login that is not percent-encoded (write % as %25)';
});

/** A URL of a mail server. */
export const mailUrl = checked((text) =>
  URL.canParse(text) && /^smtps?:\/\/[^/]/i.test(text) ? null : 'is no URL of a mail server',
);

/** A program and its arguments. */
export const words: Read<readonly string[]> = (text) => {
  const list = splitWords(text);
  if (list === null) throw new WrongText('has a quote that is not closed, or is no list of words');
  if (list.length === 0 || list[0] === '') throw new WrongText('names no program');
  return list;
};

/** Words of one form, with commas between them; none where there is nothing. */
export function listOf(pattern: RegExp, problem: string): Read<readonly string[]> {
  return (text) => {
    const list = text.split(',').flatMap((word) => word.trim() || []);
    if (!list.every((word) => pattern.test(word))) throw new WrongText(problem);
    return list;
  };
}

/** An address or a host's name. */
export const host = matching(/^[\w.:[\]%-]{1,255}$/, 'is no address and no name of a host');

const portNumber = numberLike(/^\d{1,5}$/, 'is no port');

/** A TCP port; 0 takes any that is free. */
export const port: Read<number> = (text) => {
  const number = portNumber(text);
  if (number > 65_535) throw new WrongText('must be at most 65535');
  return number;
};

/** An offset from UTC. */
export const timezone: Read<string | undefined> = (text) => {
  const offset = parseUtcOffset(text);
  if (offset === null) throw new WrongText('is no offset');
  return offset;
};

/** A key of fewer than 8 bytes, or one that is none and would be read as an empty one, signs nothing. */
export const signingSecret = checked((text) => {
  if (text.length < 8) return 'is shorter than 8 characters';
  const isKey = !text.startsWith('whsec_') || /^whsec_[A-Za-z0-9+/]{11,}={0,2}$/.test(text);
  return isKey ? null : 'has no base64 of 8 bytes or more behind whsec_';
});

/** What can't stand in a header can't be sent. */
export const token = orNone(matching(/^[\x21-\x7e]*$/, 'has a blank or a character beyond ASCII'));

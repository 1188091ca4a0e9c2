import { splitDatabaseUrls } from './database-urls.js';
import { keysInHost, shownHost } from './shown-host.js';

/** What stands where a secret stood. */
export const masked = '***';

/** What is in names of keys, parameters and headers under which secrets are handed out. */
export const secretName =
  /authorization|cookie|token|secret|passw(?:or)?d|signature|credential|seed|(?:^|[_-]|api|auth|access)key/i;

/** How a header's value begins that is a secret. */
export const secretValue = /^\s*(?:bearer|basic|token|digest)\s/i;

/** Schemes whose path is a database's name, not a key. */
const databaseSchemes = new Set(['mysql:', 'mariadb:', 'postgres:', 'postgresql:']);
/** What a URL of this scheme names is a bucket and what lies in it. */
const bucketScheme = 's3:';
const webSchemes = new Set(['http:', 'https:', 'ws:', 'wss:']);

/** Returns a URL without its secrets: what may be logged, printed and stored. Anything that is no URL reads `***`. */
export function maskUrl(url: string): string {
  const nodes = splitDatabaseUrls(url);
  if (nodes.length > 1) return nodes.map(maskUrl).join(',');
  if (/^(?:sqlite:(?!\/\/)|(?:file|node):)/i.test(url)) return url;
  const parsed = parseUrl(url);
  if (parsed === null) return masked;
  const { protocol, pathname, search, hash } = parsed;
  // An @ behind the host means that a password held an unescaped delimiter: the "host" may be part of it.
  if (/@/.test(pathname + search + hash)) return `${protocol}//${masked}`;
  return `${protocol}//${maskUser(parsed)}${maskHost(parsed)}${maskPath(parsed)}`;
}

function parseUrl(url: string): URL | null {
  try {
    const parsed = new URL(url);
    return url.includes('://') && (parsed.host !== '' || databaseSchemes.has(parsed.protocol)) ? parsed : null;
  } catch {
    return null;
  }
}

function maskHost({ protocol, host }: URL): string {
  return databaseSchemes.has(protocol) ? host : shownHost(host);
}

function maskUser(url: URL): string {
  const { username, password } = url;
  if (username === '' && password === '') return '';
  if (isKey(url)) return `${masked}@`;
  return password === '' ? `${username}@` : `${username}:${masked}@`;
}

/**
 * Says whether the user in a URL is a secret: providers of RPC endpoints hand out keys as such, NATS takes tokens, and a
 * scheme may be misspelt.
 */
function isKey({ protocol, password }: URL): boolean {
  return webSchemes.has(protocol) || (password === '' && !databaseSchemes.has(protocol));
}

function maskPath({ protocol, pathname, search, hash }: URL): string {
  const rest = search + hash === '' ? '' : `?${masked}`;
  if (databaseSchemes.has(protocol) || protocol === bucketScheme) return pathname + rest;
  return (pathname === '' || pathname === '/') && rest === '' ? '' : `/${masked}`;
}

/** What is nothing but the beginning of a URL. */
const bareScheme = /^[a-z][a-z0-9+.-]*:\/\/$/i;

/**
 * A URL in running text; it ends at white space, quotes, brackets and full-width punctuation, but for the `${NAME}` of a definition,
 * which is a part of it. No scheme, and no name, is long: a text of nothing else would be read again from each of its words.
 * `mariadb://…` says only of what kind one is.
 */
const urlInText =
  /\b[a-z][a-z0-9+.-]{0,30}:\/\/(?!…)(?:\$\{[^\s"'`<>\\{}|]{0,99}\}|[^\s"'`<>\\{}|\u3000-\u303f\uff00-\uffef])+/gi;

/** A URL that begins with a variable, for which this stands: no parser takes one for a host. */
const startVariable = /(?<=^[a-z][a-z0-9+.-]*:\/\/)\$\{[^}]*\}/i;
const standIn = 'variable.invalid';

function maskTemplate(url: string): string {
  const variable = startVariable.exec(url)?.[0];
  if (variable === undefined) return maskUrl(url);
  return maskUrl(url.replace(startVariable, standIn)).replace(standIn, () => variable);
}

/** What closes a sentence or a bracket is no part of a URL before it. */
function endOfUrl(text: string): number {
  let end = text.length;
  while (end > 0 && ').,;:!?]'.includes(text.charAt(end - 1))) end--;
  return end;
}

/** Knows the secrets of this process and takes them, and every URL's, out of texts. */
export class SecretMask {
  readonly #replacements = new Map<string, string>();
  readonly #public = new Set<string>();
  #pattern: RegExp | null = null;

  /** Remembers a URL or any other secret. Secrets under four characters are taken for common words and ignored. */
  remember(secret: string): void {
    // The path of a database file is no secret.
    if (/^sqlite:/i.test(secret)) return;
    if (secret.includes('://')) for (const url of splitDatabaseUrls(secret)) this.#rememberUrl(url);
    else if (secret.length >= 4) this.#addForms(secret);
  }

  /** Remembers a password of any length; a very short one is masked only where it stands alone. */
  rememberPassword(password: string): void {
    if (password.length >= 4 || (password.length >= 2 && /\D/.test(password))) this.#addForms(password);
  }

  /** Leaves a URL whole that everybody knows, such as one that documentation names. */
  leave(url: string): void {
    this.#public.add(url);
  }

  /** Returns a text without the secrets remembered so far, and with every URL in it masked. */
  mask(text: string): string {
    const known = this.maskRemembered(text);
    return known.includes('://') ? this.#maskUrls(known) : known;
  }

  /** Returns a text without the secrets remembered so far; its other URLs stay: for texts of our own, such as hints. */
  maskRemembered(text: string): string {
    this.#pattern ??= this.#compile();
    return this.#pattern === null ? text : text.replace(this.#pattern, (match) => this.#replacement(match));
  }

  /** Returns a value like `mask` returns a text: every string inside, keys excepted, is masked. */
  maskValue(value: unknown): unknown {
    if (typeof value === 'string') return this.mask(value);
    if (value instanceof Error) return this.mask(value.message);
    if (Array.isArray(value)) return value.map((item) => this.maskValue(item));
    if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.maskValue(item)]));
  }

  #maskUrls(text: string): string {
    return text.replace(urlInText, (match) => {
      const end = endOfUrl(match);
      const url = match.slice(0, end);
      // Hints name schemes alone.
      const isOpen = this.#public.has(url) || bareScheme.test(url);
      return (isOpen ? url : maskTemplate(url)) + match.slice(end);
    });
  }

  #replacement(match: string): string {
    return this.#replacements.get(match) ?? masked;
  }

  #rememberUrl(url: string): void {
    // Mistyped, it is nothing but a scheme, which hints name.
    if (bareScheme.test(url)) return;
    this.#add(url, maskUrl(url));
    // Read leniently first: a parser may refuse the URL, or cut a password at a delimiter that is not escaped.
    const written = /:\/\/[^:]*:(.+)@/s.exec(url)?.[1];
    const parsed = parseUrl(url);
    if (written !== undefined && written !== parsed?.password) this.rememberPassword(written);
    if (parsed === null) return;
    if (parsed.href !== url) this.#add(parsed.href, maskUrl(url));
    this.#rememberUser(parsed);
    if (databaseSchemes.has(parsed.protocol)) {
      this.rememberPassword(parsed.searchParams.get('password') ?? '');
      return;
    }
    this.#rememberPath(parsed);
    this.#rememberHost(parsed, url);
  }

  #rememberUser(url: URL): void {
    const { username, password, pathname } = url;
    if (isKey(url)) this.remember(decode(username));
    // A password that is also the user's or the database's name can't be hidden without hiding those everywhere.
    if (password !== '' && password !== username && password !== pathname.slice(1)) {
      this.rememberPassword(decode(password));
    }
    if (password !== '') this.remember(base64(`${decode(username)}:${decode(password)}`));
  }

  #rememberPath({ pathname, search }: URL): void {
    const path = pathname + search;
    if (path.length >= 8) this.#add(path, `/${masked}`);
    const segments = pathname.split('/').map(decode);
    const values = [...new URLSearchParams(search).values()];
    for (const part of [...segments, ...values]) if (looksLikeKey(part)) this.remember(part);
  }

  /** Errors of a network name the host alone. */
  #rememberHost({ hostname }: URL, url: string): void {
    const written = /:\/\/(?:[^@/]*@)?([^/:?#]*)/.exec(url)?.[1] ?? '';
    for (const key of [...keysInHost(hostname), ...keysInHost(written)]) this.#add(key, masked);
  }

  #addForms(secret: string): void {
    const forms = [
      secret,
      decode(secret),
      encodeURIComponent(secret),
      encodeURI(secret),
      JSON.stringify(secret).slice(1, -1),
    ];
    for (const form of forms) this.#add(form, masked);
  }

  #add(secret: string, replacement: string): void {
    if (secret === '' || this.#replacements.has(secret)) return;
    this.#replacements.set(secret, replacement);
    this.#pattern = null;
  }

  #compile(): RegExp | null {
    if (this.#replacements.size === 0) return null;
    const longestFirst = [...this.#replacements.keys()].sort((a, b) => b.length - a.length);
    return new RegExp(longestFirst.map(patternOf).join('|'), 'g');
  }
}

function patternOf(secret: string): string {
  const escaped = secret.replace(/[$()*+.?[\\\]^{|}/-]/g, '\\$&');
  return secret.length < 4 ? `(?<!\\w)${escaped}(?!\\w)` : escaped;
}

/** Tells keys from the words in an endpoint's path (`rpc`, `ethereum`, `v3`). */
function looksLikeKey(part: string): boolean {
  return part.length >= 4 && !/^[a-z-]{1,15}$/.test(part) && !/^\d{1,7}$/.test(part);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The form in which HTTP sends a user and a password. */
function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

import { z } from 'zod';
import { UsageError } from '../../runtime/errors.js';
import { isLoginEncoded } from '../../runtime/login-header.js';
import { withStandIns } from '../seam/variables.js';

const way = 'is a secret: write ${NAME}, which is read from the environment when a run begins, and never stored';

/** A secret. A definition only names the variable that holds it: written out it is refused, and never shown. */
export function secret() {
  return z
    .string({ error: way })
    .trim()
    .regex(/^\$\{[A-Za-z_]\w*(?::-)?\}$/, { error: way });
}

/** How names of a query's parameters end under which keys are handed out: `api_key`, `accessToken`, `access_token_v2`. */
const secretWord =
  /^(?:key|apikey|token|secret|password|passwd|pwd|passphrase|sig|signature|authorization|credentials?)$/i;

function namesSecret(parameter: string): boolean {
  const words = parameter.replace(/([a-z\d])([A-Z])/g, '$1_$2').split(/[^A-Za-z\d]+/);
  const last = words.filter((word) => !/^v?\d*$/i.test(word)).at(-1) ?? '';
  return secretWord.test(last) || /^auth$/i.test(parameter);
}

/**
 * A URL of one of some schemes (`https`), or `shape`, as a person is told of it. It may be a variable, or hold some; no
 * password and no key is written out in it.
 */
export function url(schemes: readonly [string, ...string[]], shape = `a URL of ${schemes.join(' or ')}`) {
  const mustBe = `must be ${shape}, or \${NAME}`;
  return z
    .string({ error: mustBe })
    .trim()
    .superRefine((text, context) => {
      const problems = writtenParts(text, schemes).map((each) => problemOf(each, schemes, mustBe));
      const problem = problems.find((each) => each !== null);
      // With nothing but an empty default it may be left out.
      const isEmpty = text !== '' && withStandIns(text, variable) === '';
      if (problem !== undefined && !isEmpty) context.addIssue(problem);
    });
}

/** Stands for each variable in a URL: what is left is written out. */
export const variable = 'VARIABLE';

/** Returns what is written out of a URL, its defaults among it: of several, where nodes of a cluster are named. */
function writtenParts(text: string, schemes: readonly string[]): readonly string[] {
  return withStandIns(text, variable).split(new RegExp(`\\s*,\\s*(?=(?:${[...schemes, variable].join('|')})://)`, 'i'));
}

/**
 * Returns the URLs that are written out in a text, null for what is none. A variable at the beginning of one stands for
 * its scheme, or for all up to its path: for a URL of the first scheme.
 */
export function writtenUrls(text: string, schemes: readonly [string, ...string[]]): readonly (URL | null)[] {
  return writtenParts(text, schemes).map((part) => {
    const whole = part.startsWith(variable) && !part.startsWith(`${variable}://`) ? `${schemes[0]}://${part}` : part;
    // A port is a number.
    const forms = [whole, whole.replace(/:VARIABLE(?=[/?#]|$)/, ':1')];
    return forms.filter((form) => URL.canParse(form)).map((form) => new URL(form))[0] ?? null;
  });
}

/** A URL of one of some schemes whose user, where no password stands behind it, is a token: a secret as a password is. */
export function urlWithToken(schemes: readonly [string, ...string[]]) {
  return url(schemes).superRefine((text, context) => {
    const users = writtenUrls(text, schemes).filter((each) => each?.password === '');
    const isWritten = users.some((each) => each?.username !== '' && each?.username !== variable);
    if (isWritten) context.addIssue(`its token ${way}`);
  });
}

function problemOf(part: string, schemes: readonly [string, ...string[]], mustBe: string): string | null {
  const [parsed = null] = writtenUrls(part, schemes);
  if (parsed === null ? hasTooLargePort(part) : parsed.port === '0') return portRange;
  const isOpen = part.startsWith(variable);
  if (!isOpen && !schemes.includes(parsed?.protocol.slice(0, -1) ?? '')) return mustBe;
  if (parsed === null) return null;
  if (parsed.password !== '' && parsed.password !== variable) return `its password ${way}`;
  const written = [...parsed.searchParams].find(
    ([name, value]) => namesSecret(name) && value !== '' && value !== variable,
  );
  return written === undefined ? null : `its ${written[0]} ${way}`;
}

/** What is said of a port that there is none of. */
export const portRange = 'its port must be from 1 to 65535';

/** Says whether a text that is no URL has a port that there is none of. */
function hasTooLargePort(part: string): boolean {
  const [, port] = /^(?:[^/?#]*:\/\/)?[^/?#]*:(\d+)(?:[/?#]|$)/.exec(part) ?? [];
  return Number(port) > 65_535;
}

/** Returns the URL that a text is once its variables are replaced; throws UsageError, which does not show it, where it is none. */
export function openedUrl(text: string, schemes: readonly string[]): URL {
  const parsed = URL.canParse(text) ? new URL(text) : null;
  if (parsed !== null && schemes.includes(parsed.protocol.slice(0, -1))) return parsed;
  throw new UsageError(`with what the environment says, url is no URL of ${schemes.join(' or ')}`, {
    hint: encodedHint,
  });
}

/** What to do where a URL is none for what variables have put into it. */
export const encodedHint =
  'set the variables that it names; of a password, what is no letter and no digit is percent-encoded';

/**
 * Throws UsageError, which does not show them, where user and password of a URL can't be decoded: clients say no more than that
 * it is malformed. `key` is the key that holds it.
 */
export function requireDecodable(url: URL, key = 'url'): void {
  if (!isLoginEncoded(url)) throw notEncoded(key, 'a % is %25');
}

/**
 * Throws UsageError, which does not show it, where an `@` stands behind what a URL of a broker seems to have for a host: a `/`, `?` or
 * `#` in a password cut it off there, and that host, or its port, is a part of the password.
 */
export function requireLoginWhole({ pathname, search, hash }: URL, key = 'url'): void {
  if ((pathname + search + hash).includes('@'))
    throw notEncoded(key, 'a / is %2F, a ? is %3F, a # is %23, an @ is %40');
}

/** What is said of a login in which something stands as it is that delimits the parts of a URL. */
export function notEncoded(key: string, forms: string): UsageError {
  const what = `with what the environment says, user or password in ${key} is not percent-encoded`;
  return new UsageError(what, { hint: `${encodedHint}: ${forms}` });
}

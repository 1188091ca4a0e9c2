import { z } from 'zod';
import { UsageError } from '../../runtime/errors.js';
import { variablesIn } from '../seam/variables.js';

const way = 'is a secret: write ${NAME}, which is read from the environment when a run begins, and never stored';

/** A secret. A definition only names the variable that holds it: written out it is refused, and never shown. */
export function secret() {
  return z
    .string({ error: way })
    .trim()
    .regex(/^\$\{[A-Za-z_]\w*(?::-)?\}$/, { error: way });
}

/** Names of a query's parameters under which keys are handed out. */
const secretParameters = /^(?:.*[_-])?(?:key|apikey|token|secret|password|sig|signature)$/i;

/**
 * A URL of one of some schemes (`https`), or `shape`, as a person is told of it. It may be a variable, or hold some; no
 * password and no key is written out in it.
 */
export function url(schemes: readonly string[], shape = `a URL of ${schemes.join(' or ')}`) {
  const mustBe = `must be ${shape}, or \${NAME}`;
  return z
    .string({ error: mustBe })
    .trim()
    .superRefine((text, context) => {
      const problem = problemOf(text, schemes, mustBe);
      if (problem !== null) context.addIssue(problem);
    });
}

/** Begins with a variable, or is one that may be empty or another. */
const isVariable = /^\$\{[A-Za-z_]\w*(?:\}|:-(?:\$\{[A-Za-z_]\w*(?::-)?\})?\}$)/;

/** Stands for each variable in a URL: what is left is written out. */
const variable = 'VARIABLE';

function writtenUrl(text: string): URL | null {
  const plain = variablesIn(text).reduce((rest, name) => rest.replaceAll(`\${${name}}`, variable), text);
  return URL.canParse(plain) ? new URL(plain) : null;
}

/** A URL of one of some schemes whose user, where no password stands behind it, is a token: a secret as a password is. */
export function urlWithToken(schemes: readonly string[]) {
  return url(schemes).superRefine((text, context) => {
    const parsed = isVariable.test(text) ? null : writtenUrl(text);
    const isWritten = parsed !== null && parsed.username !== '' && parsed.username !== variable;
    if (isWritten && parsed.password === '') context.addIssue(`its token ${way}`);
  });
}

function problemOf(text: string, schemes: readonly string[], mustBe: string): string | null {
  if (isVariable.test(text)) return null;
  const parsed = writtenUrl(text);
  if (parsed === null || !schemes.includes(parsed.protocol.slice(0, -1))) return mustBe;
  if (parsed.password !== '' && parsed.password !== variable) return `its password ${way}`;
  const written = [...parsed.searchParams].find(([name, value]) => secretParameters.test(name) && value !== variable);
  return written === undefined ? null : `its ${written[0]} ${way}`;
}

/** Returns the URL that a text is once its variables are replaced; throws UsageError, which does not show it, where it is none. */
export function openedUrl(text: string, schemes: readonly string[]): URL {
  const parsed = URL.canParse(text) ? new URL(text) : null;
  if (parsed !== null && schemes.includes(parsed.protocol.slice(0, -1))) return parsed;
  throw new UsageError(`with what the environment says, url is no URL of ${schemes.join(' or ')}`, {
    hint: 'set the variables that it names; of a password, what is no letter and no digit is percent-encoded',
  });
}

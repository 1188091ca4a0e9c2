import { UsageError } from '../../runtime/errors.js';
import { nearest } from '../../runtime/nearest.js';
import { maskUrl } from '../../runtime/secrets.js';

/** Reads the URL of a server's database; throws UsageError, with secrets masked, where it is none of that shape. */
export function readServerUrl(url: string, shape: string): URL {
  try {
    return new URL(url);
  } catch (cause) {
    throw malformed(url, shape, cause);
  }
}

/** Decodes a part of such a URL; throws UsageError as `readServerUrl`. */
export function decodePart(url: string, shape: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw malformed(url, shape, cause);
  }
}

/**
 * Refuses parameters of such a URL that are not among the known ones: what asks for encryption, say, in words that are not
 * understood must not end without it. Throws UsageError.
 */
export function refuseUnknownParameters({ searchParams }: URL, known: readonly string[]): void {
  const unknown = [...searchParams.keys()].find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new UsageError(
    `unknown parameter '${unknown}' in the database URL: the nearest known one is ${nearest(unknown, known) ?? 'none'}`,
    {
      hint: `the parameters are ${known.join(', ')}`,
    },
  );
}

function malformed(url: string, shape: string, cause: unknown): UsageError {
  const hint = `use ${shape}; write special characters of a password as %XX`;
  return new UsageError(`not a database URL: ${maskUrl(url)}`, { hint, cause });
}

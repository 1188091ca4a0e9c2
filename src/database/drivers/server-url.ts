import { parameterProblem } from '../../runtime/database-parameters.js';
import { UsageError } from '../../runtime/errors.js';
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

/** Refuses what stands behind the `?` of a database URL where it is not understood. Throws UsageError. */
export function refuseWrongParameters(url: string): void {
  const problem = parameterProblem(url);
  if (problem === null) return;
  throw new UsageError(`the database URL ${maskUrl(url)} ${problem}`, { hint: 'docs/cli.md has the parameters' });
}

function malformed(url: string, shape: string, cause: unknown): UsageError {
  const hint = `use ${shape}; write special characters of a password as %XX`;
  return new UsageError(`not a database URL: ${maskUrl(url)}`, { hint, cause });
}

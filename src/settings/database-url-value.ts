import { z } from 'zod';
import { maskUrl } from '../runtime/secrets.js';

/** The URL of a database; what its driver makes of it is checked when it is opened. */
export const databaseUrl = z.string().superRefine((url, context) => {
  const problem = databaseUrlProblem(url);
  if (problem !== null) context.addIssue(problem);
});

function databaseUrlProblem(url: string): string | null {
  if (/^sqlite:/i.test(url)) return /^sqlite:(?:\/\/)?$/i.test(url) ? 'names no file' : null;
  if (!/^(?:mysql|mariadb|postgres|postgresql):\/\//i.test(url)) return 'is no database URL';
  if (!URL.canParse(url) || maskUrl(url).endsWith('//***')) {
    return 'is malformed (in user and password, characters such as @ : / # % are written %40 %3A %2F %23 %25)';
  }
  const { host, pathname, searchParams } = new URL(url);
  // PostgreSQL's may name the folder of a socket, and the database, behind the question mark.
  if (host === '' && !searchParams.has('host')) return 'names no host';
  return pathname.length > 1 || searchParams.has('dbname') ? null : 'names no database';
}

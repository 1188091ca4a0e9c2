import { z } from 'zod';
import { parseDatabaseUrls } from '../../database/open/database-url.js';
import { isOwnTable } from '../../database/schema/own-tables.js';
import { longestName } from '../../database/targets/index-name.js';
import { messageOf } from '../../runtime/errors.js';
import { whole } from '../keys/numbers.js';
import { url } from '../keys/secret.js';
import { sinkKeys } from '../keys/sink.js';
import { line } from '../keys/texts.js';
import { withStandIns } from '../seam/variables.js';

const name = '[\\p{L}_][\\p{L}\\p{N}_$-]*';
const tableName = new RegExp(`^(?:${name}\\.)?${name}$`, 'u');

const schemes = ['sqlite', 'mysql', 'mariadb', 'postgres', 'postgresql'] as const;

/** The keys of a table sink. */
export const tableSinkSchema = z.strictObject({
  ...sinkKeys(),
  // Rows cost less the more of them one statement has.
  batch_size: whole(1, 100_000).default(5_000),
  /** A database's URL; undefined: the pipeline's own. */
  database: databaseUrl().optional(),
  /** `TABLE` or `SCHEMA.TABLE`. */
  table: z.string().trim().superRefine(checkTableName),
  /** The columns of each index. */
  indexes: z
    .array(z.array(line(255)).min(1).max(16))
    .max(32)
    .default([]),
});

/** What the schema makes of them. */
export type TableSinkConfig = z.output<typeof tableSinkSchema>;

function databaseUrl() {
  const shape = 'sqlite:PATH, mysql://user@host/database, mariadb://… or postgres://…';
  return url(schemes, shape).superRefine((text, context) => {
    // What a variable holds is known when the run begins.
    if (withStandIns(text, '') !== text) return;
    try {
      parseDatabaseUrls(text);
    } catch (error) {
      context.addIssue(messageOf(error));
    }
  });
}

function checkTableName(text: string, context: z.RefinementCtx): void {
  const own = text.split('.').at(-1) ?? '';
  const problem = !tableName.test(text)
    ? 'must be a table, or schema.table, of letters, digits and underscores'
    : text.split('.').some((part) => Buffer.byteLength(part) > longestName)
      ? `must be of at most ${longestName} bytes: no database takes a longer name as it is`
      : isOwnTable(own)
        ? `must be a table of your own: ${own} is chainparse's, or the database's`
        : null;
  if (problem !== null) context.addIssue(problem);
}

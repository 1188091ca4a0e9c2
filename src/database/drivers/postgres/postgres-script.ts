import { isBulkDelete, isBulkInsert, rowsFenced } from '../../script.js';
import type { ScriptStep, Statement } from '../../script.js';
import { isReady } from '../ready-insert.js';
import type { SqlPart } from '../sql-bytes.js';
import { writeDelete, writeInserts } from './postgres-inserts.js';
import { quote, writeSql } from './postgres-literals.js';

/** A script as one text: sent as one simple query, it is one transaction, and what fails in it ends it. */
export interface ScriptText {
  readonly statements: readonly SqlPart[];
  /** Per statement: the index of the step that it answers. */
  readonly answers: readonly number[];
}

/** division_by_zero: a fence did not hold. */
export const fenceErrorCode = '22012';

/** Writes a script. Throws a TypeError where the text of a `hex` column is none. */
export function writeScript(steps: readonly ScriptStep[]): ScriptText {
  const pieces = steps.flatMap((step, index) => writeStep(step).map((text) => ({ text, index })));
  return { statements: pieces.map(({ text }) => text), answers: pieces.map(({ index }) => index) };
}

function writeStep(step: ScriptStep): readonly SqlPart[] {
  if (isBulkInsert(step)) return ((isReady(step) ? step.written : null) ?? writeInserts(step)).inserts;
  return [isBulkDelete(step) ? writeDelete(step) : writeStatement(step)];
}

/** A fence is judged on the server, so that the client need not be awake for it. */
function writeStatement(statement: Statement): string {
  const { sql, bindings } = statement;
  const text = writeSql(sql, bindings);
  const fenced = rowsFenced(statement);
  if (fenced !== null) {
    const rows = /^select\b/i.test(text) ? text : `${text} RETURNING 1`;
    return `WITH fenced AS (${rows}) SELECT 1 / (count(*) = ${fenced})::integer FROM fenced`;
  }
  // Among its columns may be the id that it was given.
  return /^insert\b/i.test(text) && !/\breturning\b/i.test(sql) ? `${text} RETURNING *` : text;
}

/** The server's clock, as it is kept for `refuseLate`. */
export const readClock = 'SELECT clock_timestamp()::text AS seen';

/** Stands in the error of a statement that came too late. */
const lateMark = 'chainparse: too late at';

/**
 * A statement that fails, and with it its script, where the server gets to it later than so many milliseconds after its
 * clock was `seen`. A server that was frozen executes what it finds in its queue: by then the sender has given it up, or
 * is dead.
 */
export function refuseLate(seen: string, allowedMs: number): string {
  const deadline = `${quote(seen)}::timestamptz + interval '${Math.ceil(allowedMs)} milliseconds'`;
  // What no number is made of becomes known only when the server gets there.
  const failure = `(${quote(lateMark)} || ' ' || clock_timestamp()::text)::integer`;
  return `SELECT CASE WHEN clock_timestamp() <= ${deadline} THEN 0 ELSE ${failure} END`;
}

/** Says whether an error is that of `refuseLate`. */
export function isLate(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return code === '22P02' && typeof message === 'string' && message.includes(lateMark);
}

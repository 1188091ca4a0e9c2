import { createHash } from 'node:crypto';
import { NotFoundError, TakenError, UsageError } from '../../runtime/errors.js';
import type { Database } from '../database.js';

/** Returns what a name is compared by, the same for names that differ by case only; of a length that every index takes. */
export function nameKey(name: string): string {
  return createHash('sha256').update(fold(name)).digest('hex');
}

/** A pipeline by the name that it was given. */
export interface CalledPipeline {
  readonly id: number;
  readonly name: string | null;
}

/** Lists the pipelines of a name, regardless of case, by id: an older program may have given it several times. */
export async function listByName(database: Database, name: string): Promise<readonly CalledPipeline[]> {
  const rows = await database.read<CalledPipeline[]>((knex) => knex('pipeline').select('id', 'name').orderBy('id'));
  // Each database would fold case in its own way.
  const wanted = fold(name);
  return rows.filter((row) => fold(row.name ?? '') === wanted);
}

/** Returns the id of the pipeline of that name; throws NotFoundError, and UsageError where several have it. */
export async function findByName(database: Database, name: string): Promise<number> {
  const id = theOne(name, await listByName(database, name));
  if (id === null) {
    throw new NotFoundError(`there is no pipeline named '${name}'`, { hint: 'chainparse pipeline list' });
  }
  return id;
}

/** Returns the id of the only pipeline of a name, null where there is none; throws UsageError where there are several. */
export function theOne(name: string, named: readonly CalledPipeline[]): number | null {
  if (named.length > 1) {
    const ids = named.map(({ id }) => id).join(', ');
    throw new UsageError(`${named.length} pipelines are named '${name}': ${ids}`, {
      hint: 'give the id of the one that is meant',
    });
  }
  return named[0]?.id ?? null;
}

/** Returns the error about a name that is another's, as that one spells it. */
export function nameTaken({ id, name }: CalledPipeline): TakenError {
  return new TakenError(`pipeline ${id} is named '${name ?? ''}' already: a name is given once, regardless of case`, {
    hint: `--update --id ${id} replaces its definition and keeps what it has collected; --name gives another name`,
  });
}

function fold(name: string): string {
  return name.trim().normalize('NFC').toLowerCase();
}

/** What a pipeline is called, and what is said of it. */
export interface NamedPipeline {
  readonly id: number;
  readonly name: string;
  readonly description: string | null;
}

/** Lists what pipelines are called, by id. */
export function listNames(database: Database): Promise<readonly NamedPipeline[]> {
  return database.read<NamedPipeline[]>((knex) => knex('pipeline').select('id', 'name', 'description').orderBy('id'));
}

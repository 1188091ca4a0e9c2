import type { Row } from '../engine.js';
import type { LedgerRow } from '../ledger.js';

/** What a schedule left behind of the journal: the tables from which the rows at any version are told. */
export interface JournalTables {
  /** `event` and `event_removed`; `removed` is null in the former. */
  readonly rows: readonly JournalRow[];
  readonly commits: readonly JournalCommit[];
}

interface JournalRow {
  readonly pipeline: number;
  readonly event: string;
  readonly added: number;
  readonly removed: number | null;
}

interface JournalCommit {
  readonly pipeline: number;
  readonly version: number;
  readonly kind: string;
  readonly from: number;
  readonly to: number;
}

/** What a version did, and what there was then, as the ledger tells it. */
interface Told {
  readonly version: number;
  readonly came: Set<string>;
  readonly went: Set<string>;
  readonly there: Set<string>;
}

const place =
  'pipeline_id, block_number, log_index, LOWER(HEX(block_hash)) AS hash, LOWER(HEX(transaction_hash)) AS tx';
const queries = {
  event: `SELECT ${place}, args, added, NULL AS removed FROM event`,
  removed: `SELECT ${place}, args, added, removed FROM event_removed`,
  commits: 'SELECT pipeline_id, version, kind, from_block, to_block FROM pipeline_commit',
} as const;

/** Reads the tables of the journal. */
export async function readJournal(
  ask: (sql: string) => readonly Row[] | Promise<readonly Row[]>,
): Promise<JournalTables> {
  const rows = [...(await ask(queries.event)), ...(await ask(queries.removed))];
  return {
    rows: rows.map((row) => ({
      pipeline: Number(row['pipeline_id']),
      event: `${String(row['block_number'])}:${String(row['log_index'])}:${String(row['hash'])} ${String(row['tx'])} ${String(row['args'])}`,
      added: Number(row['added']),
      removed: row['removed'] === null ? null : Number(row['removed']),
    })),
    commits: (await ask(queries.commits)).map((row) => ({
      pipeline: Number(row['pipeline_id']),
      version: Number(row['version']),
      kind: String(row['kind']),
      from: Number(row['from_block']),
      to: Number(row['to_block']),
    })),
  };
}

/**
 * The rows at any version, as the journal tells them, are exactly those that were there, and each version has a commit that
 * says what it did; of a pipeline without sinks nothing is kept but that, and the latest rows tell which version they are of.
 */
export function* rowsAtVersions(
  ledger: readonly LedgerRow[],
  tables: JournalTables,
  keepsRemoved: boolean,
): Generator<string> {
  for (const [pipeline, versions] of tellVersions(ledger)) {
    const rows = tables.rows.filter((row) => row.pipeline === pipeline);
    const commits = tables.commits.filter((commit) => commit.pipeline === pipeline);
    yield* commitsFit(pipeline, versions, commits);
    const known = keepsRemoved ? versions : versions.slice(-1);
    for (const told of known) yield* rowsFit(pipeline, told, rows);
    if (!keepsRemoved && rows.some(({ removed }) => removed !== null))
      yield `pipeline ${pipeline} keeps what nobody wants`;
    const last = new Map(versions.flatMap(({ version, came }) => [...came].map((event) => [event, version] as const)));
    for (const { event, added, removed } of rows) {
      if (removed === null && last.get(event) !== added)
        yield `${event} came with ${String(last.get(event))}, not ${added}`;
    }
  }
}

/** What each version did, by pipeline. The checkpoint's row is written before the rows of its commit. */
function tellVersions(ledger: readonly LedgerRow[]): ReadonlyMap<number, Told[]> {
  const pipelines = new Map<number, Told[]>();
  for (const { kind, pipeline, version, detail, error } of ledger) {
    const versions = pipelines.get(pipeline) ?? [];
    const now = versions.at(-1);
    const event = `${detail ?? ''} ${error ?? ''}`;
    if (kind === 'checkpoint' && detail === 'moved') {
      pipelines.set(pipeline, versions);
      versions.push({ version: version ?? 0, came: new Set(), went: new Set(), there: new Set(now?.there) });
    } else if (kind === 'event') {
      now?.came.add(event);
      now?.there.add(event);
    } else if (kind === 'unevent') {
      now?.went.add(event);
      now?.there.delete(event);
    }
  }
  return pipelines;
}

function* rowsFit(pipeline: number, { version, there }: Told, rows: readonly JournalRow[]): Generator<string> {
  const found = rows.filter(({ added, removed }) => added <= version && (removed === null || removed > version));
  const isSame = found.length === there.size && found.every(({ event }) => there.has(event));
  const events = found.map(({ event }) => event);
  if (!isSame) yield `pipeline ${pipeline} had at ${version} ${[...there].join(' ')} and not ${events.join(' ')}`;
}

function* commitsFit(
  pipeline: number,
  versions: readonly Told[],
  commits: readonly JournalCommit[],
): Generator<string> {
  const known = new Map(commits.map((commit) => [commit.version, commit]));
  if (known.size !== versions.length)
    yield `pipeline ${pipeline} has ${known.size} commits of ${versions.length} versions`;
  for (const [i, { version, came, went }] of versions.entries()) {
    const commit = known.get(version);
    if (version !== i + 1 || commit === undefined) yield `pipeline ${pipeline}: nothing is known of version ${version}`;
    else yield* commitFits(commit, came, went);
  }
}

function* commitFits(
  { pipeline, version, kind, from, to }: JournalCommit,
  came: ReadonlySet<string>,
  went: ReadonlySet<string>,
): Generator<string> {
  const outside = [...came, ...went].filter((event) => blockOf(event) < from || blockOf(event) > to);
  const isOdd = (kind === 'append' && went.size > 0) || (kind === 'rollback' && came.size > 0);
  if (isOdd || outside.length > 0) {
    yield `pipeline ${pipeline}: version ${version} is no ${kind} of blocks ${from} to ${to}: +${[...came].join(' ')} -${[...went].join(' ')}`;
  }
}

function blockOf(event: string): number {
  return Number(event.slice(0, event.indexOf(':')));
}

import { createDatabase } from '../test/support/databases.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import type { Benchmark, BenchOptions, Report } from './benchmark.js';
import { startDurablePostgres, startDurableServer } from './durable-server.js';
import { fingerprint } from './fingerprint.js';
import { chainparseOf, migrate, programOf, shown } from './ingest-program.js';
import type { IngestProgram, IngestRange, Ingested } from './ingest-program.js';
import { startLogNode } from './start-log-node.js';
import { median } from './percentile.js';

const logsPerBlock = 200;
/** The blocks of a request: 5,000 logs, some 3 MB. */
const step = 25;

/** How fast history is read and stored: beside the least that it can cost, and beside a plain script. */
export const ingest: Benchmark = {
  summary:
    'history into SQLite at 95 % of the speed of the floor, into MariaDB and PostgreSQL at 90 %, for 1.2 times its processor time; memory under 250 MB',
  async run(options, report) {
    const events = options.number('events', 500_000);
    const rpcUrl = await startLogNode(
      Math.max(events, options.number('memory', 5_000_000)) / logsPerBlock,
      logsPerBlock,
    );
    report.note('transfers, 200 a block; each program in a process of its own, one after the other, in turn');
    const sqlite = { name: 'SQLite', fresh: freshSqlite, rpcUrl, shareOfFloor: 0.95, timesPlain: 12 };
    await weigh(report, sqlite, options.number('memory', 5_000_000));
    if (options.number('sqlite', 1) > 0) await compare(report, sqlite, options);
    if (options.number('times', 1) > 0) await compareTimes(report, sqlite, options);
    if (options.number('mariadb', 1) > 0) {
      const { server } = await startDurableServer();
      const fresh = (): Promise<string> => createDatabase(server.url());
      await compare(report, { name: 'MariaDB', fresh, rpcUrl, shareOfFloor: 0.9, timesPlain: 10 }, options);
    }
    if (options.number('postgres', 1) === 0) return;
    const server = await startDurablePostgres();
    const fresh = (): Promise<string> => createDatabase(server.url());
    await compare(report, { name: 'PostgreSQL', fresh, rpcUrl, shareOfFloor: 0.9, timesPlain: null }, options);
  },
};

/** Memory that grows with what has been read shows in a long run. */
async function weigh(report: Report, { name, fresh, rpcUrl }: Stage, events: number): Promise<void> {
  if (events === 0) return;
  const url = await fresh();
  await migrate(url);
  const done = await chainparseOf(step)(url, rpcUrl, { from: 1, to: events / logsPerBlock, step });
  report.note(`${name}: ${shown(done)}`);
  report.atMost(`${name}: most memory over ${events} events, SQLite's writer included`, done.peakMb, 250, ' MB');
}

interface Stage {
  readonly name: string;
  /** Makes an empty database. */
  readonly fresh: () => Promise<string>;
  readonly rpcUrl: string;
  /** Which share of the floor's speed it has to have. */
  readonly shareOfFloor: number;
  /** How many times as fast as a plain script it has to be; null: there is none for this database. */
  readonly timesPlain: number | null;
}

interface Round {
  readonly floor: Ingested;
  readonly ours: Ingested;
  readonly plain: Ingested | null;
}

async function compare(report: Report, stage: Stage, options: BenchOptions): Promise<void> {
  const rounds: Round[] = [];
  const plainRounds = stage.timesPlain === null ? 0 : options.number('plain', 1);
  for (let round = 0; round < options.number('rounds', 3); round++) {
    rounds.push(await runRound(stage, options.number('events', 500_000) / logsPerBlock, round < plainRounds));
    const { floor, ours, plain } = rounds.at(-1) as Round;
    report.note(
      `${stage.name}: floor ${shown(floor)}, ours ${shown(ours)}${plain === null ? '' : `, plain ${shown(plain)}`}`,
    );
  }
  const ratio = (of: (round: Round) => number): number => median(rounds.map(of));
  report.atLeast(
    `${stage.name}: share of the floor's speed`,
    ratio(({ floor, ours }) => speed(ours) / speed(floor)),
    stage.shareOfFloor,
  );
  report.atMost(
    `${stage.name}: times the processor's time of the floor`,
    ratio(({ floor, ours }) => ours.cpuSeconds / floor.cpuSeconds),
    1.2,
  );
  const beside = rounds.filter(({ plain }) => plain !== null);
  if (beside.length > 0) {
    const times = median(beside.map(({ ours, plain }) => speed(ours) / speed(plain as Ingested)));
    report.atLeast(`${stage.name}: times a plain script's speed`, times, stage.timesPlain ?? 0);
  }
}

/** Compares a node whose logs tell the times of their blocks with one that has to be asked for each. */
async function compareTimes(report: Report, stage: Stage, options: BenchOptions): Promise<void> {
  const to = options.number('events', 500_000) / logsPerBlock;
  const silent = { ...stage, rpcUrl: await startLogNode(to, logsPerBlock, 'without-times') };
  const times: number[] = [];
  for (let round = 0; round < options.number('rounds', 3); round++) {
    const told = await runFresh(stage, chainparseOf(step), { from: 1, to, step });
    const asked = await runFresh(silent, chainparseOf(step), { from: 1, to, step });
    if (told.contents !== asked.contents) throw new Error('other rows were stored where times are asked for');
    report.note(`${stage.name}: times told ${shown(told)}, asked for ${shown(asked)}`);
    times.push(asked.seconds / told.seconds);
  }
  report.atMost(`${stage.name}: with times asked for, times the time without`, median(times), 1.4);
}

function speed({ events, seconds }: Ingested): number {
  return events / seconds;
}

async function runRound(stage: Stage, blocks: number, withPlain: boolean): Promise<Round> {
  const range = { from: 1, to: blocks, step };
  const floor = await runFresh(stage, programOf('floor'), range);
  const ours = await runFresh(stage, chainparseOf(step), range);
  const plain = withPlain ? await runFresh(stage, programOf('plain-script'), range) : null;
  if (ours.contents !== floor.contents) throw new Error('ours stored other rows than the floor');
  if (plain !== null && plain.contents !== floor.contents) throw new Error('the plain script stored other rows');
  return { floor, ours, plain };
}

async function runFresh(
  stage: Pick<Stage, 'fresh' | 'rpcUrl'>,
  program: IngestProgram,
  range: IngestRange,
): Promise<Ingested & { contents: string }> {
  const url = await stage.fresh();
  await migrate(url);
  const done = await program(url, stage.rpcUrl, range);
  return { ...done, contents: await fingerprint(url, range.to) };
}

function freshSqlite(): Promise<string> {
  return Promise.resolve(`sqlite:${temporaryFolder()}/ingest.db`);
}

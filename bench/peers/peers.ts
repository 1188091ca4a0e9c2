import { createDatabase } from '../../test/support/databases.js';
import type { DatabaseServer } from '../../test/support/database-server.js';
import { postgres } from '../../test/support/postgres.js';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import type { Benchmark, Report } from '../benchmark.js';
import { chainparse } from './chainparse.js';
import { envio } from './envio.js';
import { NotInstalledError } from './installed.js';
import type { Course, Peer } from './peer.js';
import { ponder } from './ponder.js';
import { race } from './race.js';
import type { Finish } from './race.js';
import { subsquid } from './subsquid.js';

const ours = chainparse('PostgreSQL');
const programs: readonly Peer[] = [ours, chainparse('SQLite'), subsquid, envio, ponder];

const far = { blocks: 20_000, logsPerBlock: 10, latencyMs: 100, isCapped: true } as const;
const courses: readonly Course[] = [
  { name: 'from memory', blocks: 2_000, logsPerBlock: 100, latencyMs: 0, maxBlocks: 100, isCapped: false },
  { name: '100 ms away, 100 blocks a request', maxBlocks: 100, ...far },
  { name: '100 ms away, 10 blocks a request', maxBlocks: 10, ...far },
];

/** How other programs of its kind do with the same chain, on the same machine. */
export const peers: Benchmark = {
  summary: 'Subsquid, Envio and Ponder, fetched by npm, beside this program on the same chain: each is slower',
  async run(options, report) {
    const [only, program] = [options.number('only', 0), options.number('program', 0)];
    const seconds = options.number('seconds', 60);
    const server = await postgres.start('-c', 'fsync=on', '-c', 'full_page_writes=on', '-c', 'shared_buffers=256MB');
    const asked = courses.filter((_course, index) => only === 0 || only === index + 1);
    const run = programs.filter((_peer, index) => program === 0 || index === 0 || program === index + 1);
    const columns: string[][] = [];
    for (const course of asked) columns.push(await measure(course, run, { server, seconds, report }));
    report.note(
      'events a second (beside this program on PostgreSQL), processor time for each; *: stopped before it was done',
    );
    report.note(line(['', ...asked.map(({ name }) => name)]));
    report.note(line(['---', ...asked.map(() => '---')]));
    for (const [row, peer] of run.entries())
      report.note(line([nameOf(peer), ...columns.map((cells) => cells[row] ?? '')]));
  },
};

interface Setting {
  readonly server: DatabaseServer;
  readonly seconds: number;
  readonly report: Report;
}

/** Has the programs run a course one after the other, this one first; returns a cell for each. */
async function measure(course: Course, run: readonly Peer[], { server, seconds, report }: Setting): Promise<string[]> {
  report.note(`${course.name}: ${course.blocks} blocks of ${course.logsPerBlock} transfers`);
  const cells: string[] = [];
  let best = NaN;
  for (const peer of run) {
    const isFile = peer.database === 'SQLite';
    const url = isFile ? `sqlite:${temporaryFolder()}/peers.db` : await createDatabase(server.url());
    const outcome = await attempt(peer, course, url, seconds);
    report.note(`${nameOf(peer)}: ${told(outcome)}`);
    const speed = typeof outcome === 'string' ? NaN : outcome.events / outcome.seconds;
    if (peer === ours) best = speed;
    cells.push(cellOf(outcome, speed, peer.name === ours.name ? NaN : best / speed));
    if (peer.name !== ours.name) {
      if (!Number.isNaN(speed)) report.atLeast(`times the speed of ${peer.name}`, best / speed, 1);
    } else report.atLeast(`${nameOf(peer)}: all is there`, Number(typeof outcome !== 'string' && outcome.isWhole), 1);
  }
  return cells;
}

async function attempt(peer: Peer, course: Course, url: string, seconds: number): Promise<Finish | string> {
  try {
    return await race(peer, course, url, seconds);
  } catch (error) {
    const kind = error instanceof NotInstalledError ? 'could not be run' : 'failed';
    return `${kind}: ${(error as Error).message}`;
  }
}

function told(outcome: Finish | string): string {
  if (typeof outcome === 'string') return outcome;
  const { events, seconds, cpuSeconds, isWhole, figures } = outcome;
  const calls = Object.entries(figures.calls).map(([method, count]) => `${count} ${method}`);
  const asked = `${figures.requests} requests (${calls.join(', ')}), ${figures.mostInFlight} at a time`;
  const time = `${seconds.toFixed(1)} s (${cpuSeconds.toFixed(1)} s of a core)${isWhole ? '' : ', stopped there'}`;
  return `${events} events in ${time}; ${asked}`;
}

function cellOf(outcome: Finish | string, speed: number, times: number): string {
  if (typeof outcome === 'string') return outcome.split(':', 1).join();
  const share = Number.isNaN(times) ? '' : ` (1/${times.toPrecision(2)})`;
  const cost = `${Math.round((1e6 * outcome.cpuSeconds) / outcome.events)} µs`;
  return `${Math.round(speed)}${share}, ${cost}${outcome.isWhole ? '' : ' *'}`;
}

function nameOf({ name, database }: Peer): string {
  return `${name}, ${database}`;
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Migrator } from '../src/database/schema/migrator.js';
import { openDatabase } from '../src/database/open/open-database.js';
import { Child } from '../test/support/child.js';
import { Scenario } from '../test/support/scenario.js';
import type { ScenarioSource } from '../test/support/scenario.js';

/** Blocks `from` to `to` of a log node, of which a request asks for `step`. */
export interface IngestRange {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** What a program that ingests has done. */
export interface Ingested {
  readonly events: number;
  /** From its first request to its last commit. */
  readonly seconds: number;
  /** The most memory of the program and of what it has started, in MB, as seen now and then; shared pages count once. */
  readonly peakMb: number;
  /** The processor's time that the program and what it has started took in all, in seconds: steady on a busy machine. */
  readonly cpuSeconds: number;
}

/** Something that reads a range of a node into a migrated database. */
export type IngestProgram = (databaseUrl: string, rpcUrl: string, range: IngestRange) => Promise<Ingested>;

const ingestTimeoutMs = 3_600_000;
/** How often a program is looked at: a look takes the kernel about a millisecond. */
const lookMs = 100;

/** Runs a program of this folder. */
export function programOf(name: 'floor' | 'plain-script'): IngestProgram {
  return async (databaseUrl, rpcUrl, { from, to, step }) => {
    const args = [databaseUrl, rpcUrl, from, to, step].map(String);
    const program = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
    return finish(new Child(process.execPath, ['--import', 'tsx', program, ...args]));
  };
}

/** Runs the command as a person does, with another batch size than its definition's default, and components below the source. */
export function chainparseOf(batchSize: number, below: ScenarioSource['below'] = []): IngestProgram {
  return async (databaseUrl, rpcUrl, { from, to }) => {
    const source: ScenarioSource = { mode: 'historical', startBlock: from, endBlock: to, batchSize, below };
    const scenario = await Scenario.begin(databaseUrl, rpcUrl, source, { CHAINPARSE_HEARTBEAT_INTERVAL: '30' });
    return finish(scenario.run('--json', '--quiet', '--from-block', String(from)));
  };
}

/** Runs the command on a portal, whose answers are held against a node's where there is one. */
export function chainparseFromPortal(rpcUrl: string | null): IngestProgram {
  return async (databaseUrl, portalUrl, { from, to }) => {
    const source: ScenarioSource = { mode: 'historical', startBlock: from, endBlock: to, portalUrl };
    const scenario = await Scenario.begin(databaseUrl, rpcUrl, source, { CHAINPARSE_HEARTBEAT_INTERVAL: '30' });
    return finish(scenario.run('--json', '--quiet', '--from-block', String(from)));
  };
}

async function finish(child: Child): Promise<Ingested> {
  const most = { mb: 0, cpuSeconds: 0 };
  const watch = setInterval(() => {
    const { mb, cpuSeconds } = readUse(child.pid);
    most.mb = Math.max(most.mb, mb);
    most.cpuSeconds = Math.max(most.cpuSeconds, cpuSeconds);
  }, lookMs);
  const { code, stdout, stderr } = await child.exit(ingestTimeoutMs).finally(() => clearInterval(watch));
  if (code !== 0) throw new Error(`ended with ${String(code)}: ${stderr}`);
  const { events, seconds } = JSON.parse(stdout) as Pick<Ingested, 'events' | 'seconds'>;
  return { events, seconds, peakMb: most.mb, cpuSeconds: most.cpuSeconds };
}

/**
 * What a process and its children use: resident memory, of shared pages their part (Pss of proc_pid_smaps(5)), and user and
 * system time so far (proc_pid_stat(5)).
 */
export function readUse(pid: number): { readonly mb: number; readonly cpuSeconds: number } {
  try {
    const resident = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
    const times = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
      .slice(11, 15);
    const own = {
      mb: Number(resident ?? 0) / 1_024,
      cpuSeconds: times.reduce((sum, time) => sum + Number(time), 0) / 100,
    };
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    const uses = [own, ...children.map((child) => readUse(Number(child)))];
    return {
      mb: uses.reduce((sum, use) => sum + use.mb, 0),
      cpuSeconds: uses.reduce((sum, use) => sum + use.cpuSeconds, 0),
    };
  } catch {
    return { mb: 0, cpuSeconds: 0 };
  }
}

/** Brings a database to the newest schema. */
export async function migrate(url: string): Promise<void> {
  const database = await openDatabase(url, { create: true });
  await new Migrator(database).up(() => undefined);
  await database.close();
}

/** Says how fast it was, and at what cost. */
export function shown({ events, seconds, peakMb, cpuSeconds }: Ingested): string {
  return `${Math.round(events / seconds)} events/s (${cpuSeconds.toFixed(2)} s of a core, ${Math.round(peakMb)} MB)`;
}

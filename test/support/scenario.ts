import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runInPlace } from '../cli/run-in.js';
import type { Child } from './child.js';
import { openMigrated } from './migrated-database.js';
import { runChainparse, startChainparse, startOnTerminal } from './processes.js';
import { simContract } from './simulated-chain.js';
import type { SimLog } from './simulated-chain.js';
import { temporaryFolder } from './temporary-folder.js';
import { eventually } from './within.js';

/** What a definition of a scenario says beyond the defaults. */
export interface ScenarioSource {
  readonly mode: 'historical' | 'realtime';
  readonly contract?: string;
  readonly startBlock?: number;
  readonly endBlock?: number;
  readonly batchSize?: number;
  readonly pollInterval?: number;
  readonly shards?: number;
  /** Read settled blocks from the portal there, from its data set `local-31337`. */
  readonly portalUrl?: string;
  /** Keys of the definition itself. */
  readonly keys?: Readonly<Record<string, unknown>>;
  /** Components below the source. */
  readonly below?: readonly Readonly<Record<string, unknown>>[];
}

/** A migrated database with pipeline 45, and the program at work on it as a person uses it. */
export class Scenario {
  readonly folder: string;
  readonly #env: Record<string, string>;
  readonly #rpcUrl: string | null;

  private constructor(env: Record<string, string>, rpcUrl: string | null, folder: string) {
    this.folder = folder;
    this.#env = env;
    this.#rpcUrl = rpcUrl;
  }

  /**
   * Migrates a database and imports a pipeline over the node's transfers (null: there is none); `env` adds to the environment. A relative path
   * of SQLite's is one in the scenario's folder.
   */
  static async begin(
    databaseUrl: string,
    rpcUrl: string | null,
    source: ScenarioSource,
    env: Record<string, string> = {},
  ): Promise<Scenario> {
    const folder = temporaryFolder();
    const settings = {
      CHAINPARSE_DATABASE_URL: databaseUrl.replace(/^sqlite:(?!\/)/, `sqlite:${folder}/`),
      CHAINPARSE_HEARTBEAT_INTERVAL: '1',
      ...(rpcUrl === null ? {} : { CHAIN_31337_RPC_URL: rpcUrl }),
      ...(source.portalUrl === undefined ? {} : { CHAINPARSE_PORTAL_URL: source.portalUrl }),
    };
    const scenario = new Scenario({ ...settings, ...env }, rpcUrl, folder);
    // In another time zone the command alone makes it; else a copy is as good, and costs less.
    if ('CHAINPARSE_DB_TIMEZONE' in env) await scenario.chainparse('migrate');
    else await (await openMigrated(settings.CHAINPARSE_DATABASE_URL)).close();
    writeFileSync(
      join(scenario.folder, 'pipeline.json'),
      JSON.stringify({
        id: 45,
        name: 'transfers',
        ...source.keys,
        components: [
          {
            name: 'transfers',
            type: 'event_monitor',
            chain_name: 'chain-31337',
            contract_address: source.contract ?? simContract,
            abi_path: 'builtin:erc20',
            events_to_monitor: ['Transfer'],
            mode: source.mode,
            start_block: source.startBlock ?? 0,
            ...(source.endBlock === undefined ? {} : { end_block: source.endBlock }),
            ...(source.shards === undefined ? {} : { shards: source.shards }),
            batch_size: source.batchSize ?? 2000,
            poll_interval: source.pollInterval ?? 0.1,
            ...(source.portalUrl === undefined ? {} : { history: 'portal', portal_dataset: 'local-31337' }),
          },
          ...(source.below ?? []),
        ],
      }),
    );
    await scenario.chainparse('pipeline', 'import', 'pipeline.json');
    return scenario;
  }

  /** The same pipeline, reached by another URL of the same database. */
  through(databaseUrl: string): Scenario {
    return this.in({ CHAINPARSE_DATABASE_URL: databaseUrl });
  }

  /** The same pipeline, with processes in another environment. */
  in(env: Record<string, string>): Scenario {
    return new Scenario({ ...this.#env, ...env }, this.#rpcUrl, this.folder);
  }

  /** Runs a command that must succeed; returns what it printed. In this process where that is as good: it starts faster. */
  async chainparse(...args: string[]): Promise<string> {
    const place = { cwd: this.folder, env: this.#env };
    const isElsewhere = 'LD_PRELOAD' in this.#env;
    const { code, stdout, stderr } = await (isElsewhere ? runChainparse(args, place) : runInPlace(place, args));
    expect(code, `${args.join(' ')}: ${stderr}${stdout}`).to.equal(0);
    return stdout;
  }

  /** Starts a run of the pipeline. */
  run(...options: string[]): Child {
    return this.start('run-pipeline', '45', ...this.#node, ...options);
  }

  /** Starts a run of the same definition as another pipeline. */
  async runAs(pipelineId: number, ...options: string[]): Promise<Child> {
    const id = String(pipelineId);
    await this.chainparse('pipeline', 'import', 'pipeline.json', '--id', id, '--name', `transfers-${id}`);
    return this.start('run-pipeline', id, ...this.#node, ...options);
  }

  get #node(): readonly string[] {
    return this.#rpcUrl === null ? [] : ['--rpc-url', this.#rpcUrl];
  }

  /** Starts a command. */
  start(...args: string[]): Child {
    return startChainparse(args, { cwd: this.folder, env: this.#env });
  }

  /** Starts a command on a terminal of its own. */
  startOnTerminal(...args: string[]): Child {
    return startOnTerminal(args, { cwd: this.folder, env: this.#env });
  }

  /** The stored events, as an export writes them. */
  async exportedLines(): Promise<readonly string[]> {
    const text = await this.chainparse('events', 'export', '--pipeline', '45');
    return text.split('\n').filter((line) => line !== '');
  }

  /** The ids of the stored events, in the order of the export. */
  async exported(): Promise<readonly string[]> {
    return idsOfLines(await this.exportedLines());
  }

  /** Waits until the newest task of the pipeline has committed a block. */
  async reaches(block: number, pipelineId = 45): Promise<void> {
    await eventually(`block ${block} is committed`, async () => {
      const [task] = await this.tasks(pipelineId);
      return (task?.progress?.next_block ?? 0) > block;
    });
  }

  /** The tasks of the pipeline, newest first. */
  async tasks(pipelineId = 45): Promise<readonly ScenarioTask[]> {
    const id = String(pipelineId);
    const text = await this.chainparse('tasks', 'list', '--pipeline', id, '--limit', '1000', '--json');
    return (JSON.parse(text) as { tasks: ScenarioTask[] }).tasks;
  }
}

export interface ScenarioTask {
  readonly task_id: number;
  readonly status: number;
  readonly end_reason: string | null;
  readonly error: string | null;
  readonly last_heartbeat: string | null;
  readonly heartbeat_age_seconds: number | null;
  readonly progress: {
    readonly next_block: number | null;
    readonly events: number;
    readonly lag_blocks?: number | null;
    readonly lag_unknown_since?: string;
  } | null;
}

/** The ids that an export must have for logs of the chain. */
export function idsOf(
  logs: readonly Pick<SimLog, 'blockHash' | 'transactionHash' | 'logIndex' | 'data'>[],
): readonly string[] {
  return logs.map((log) => idOf(log.blockHash, log.transactionHash, Number(log.logIndex), BigInt(log.data).toString()));
}

/** The ids of events that an export wrote. */
export function idsOfLines(lines: readonly string[]): readonly string[] {
  return lines.map((line) => {
    const event = JSON.parse(line) as Record<'block_hash' | 'transaction_hash' | 'log_index' | 'args', unknown>;
    return idOf(event.block_hash, event.transaction_hash, event.log_index, (event.args as { value: string }).value);
  });
}

function idOf(...parts: readonly unknown[]): string {
  return parts.join(' ');
}

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Child } from './child.js';
import { Scenario, type ScenarioSource } from './scenario.js';
import { WebhookReceiver } from './webhook-receiver.js';
import { eventually } from './within.js';

/** What people and programs are told of a system at one moment. */
export interface Sight {
  /** How `status` calls pipeline 45, and how far behind it is. */
  readonly state: string;
  readonly lag: number | string | null;
  readonly ready: boolean;
  readonly reasons: readonly string[];
  /** The rules of the alerts that stand, sorted. */
  readonly alerts: readonly string[];
  readonly messages: readonly string[];
}

interface StatusJson {
  readonly pipelines: readonly {
    readonly pipeline_id: number;
    readonly state: string;
    readonly lag_blocks: number | null;
    readonly lag_unknown_since: string | null;
  }[];
}

/** Limits so short that a test sees each come. */
const quick = [
  ...['rpc_unreachable: 3', 'sink_behind: 0.05', 'database_unreachable: 3', 'no_monitor: off', 'timeout_rate: off'],
];

/** A pipeline with a monitor that fails it after six seconds of silence, the HTTP API, and a receiver of alerts. */
export class WatchedSystem {
  readonly scenario: Scenario;
  readonly webhook: WebhookReceiver;
  readonly #children: Child[] = [];
  #url = '';

  private constructor(scenario: Scenario, webhook: WebhookReceiver) {
    this.scenario = scenario;
    this.webhook = webhook;
  }

  static async begin(
    databaseUrl: string,
    rpcUrl: string,
    source: Partial<ScenarioSource> = {},
  ): Promise<WatchedSystem> {
    const webhook = await WebhookReceiver.start();
    const scenario = await Scenario.begin(databaseUrl, rpcUrl, { mode: 'realtime', ...source });
    const lines = ['alerts:', `  webhook_url: ${webhook.url}`, ...quick.map((line) => `  ${line}`)];
    writeFileSync(join(scenario.folder, 'chainparse.config.yaml'), lines.join('\n'));
    return new WatchedSystem(scenario, webhook);
  }

  /** Starts the monitor and the API, by another URL of the database where that is given. */
  async watch(scenario = this.scenario): Promise<void> {
    this.started(scenario.start('monitor', '--timeout', '0.1', '--interval', '1', '--lang', 'en'));
    const server = this.started(scenario.start('serve', '--port', '0', '--lang', 'en'));
    this.#url = await eventually('it serves', () =>
      Promise.resolve(/http:\/\/127\.0\.0\.1:\d+/.exec(server.stderr + server.stdout)?.[0] ?? null),
    );
  }

  /** Keeps a process in mind, to be ended with the others. */
  started(child: Child): Child {
    this.#children.push(child);
    return child;
  }

  async ready(): Promise<Pick<Sight, 'ready' | 'reasons'>> {
    const answer = await fetch(`${this.#url}/readyz`);
    return (await answer.json()) as Pick<Sight, 'ready' | 'reasons'>;
  }

  async sight(): Promise<Sight> {
    const status = JSON.parse(await this.scenario.chainparse('status', '--json')) as StatusJson;
    const listed = JSON.parse(await this.scenario.chainparse('alerts', 'list', '--json')) as {
      readonly alerts: readonly { readonly rule: string; readonly message: string }[];
    };
    const pipeline = status.pipelines.find(({ pipeline_id: id }) => id === 45);
    const { ready, reasons } = await this.ready();
    return {
      state: pipeline?.state ?? 'none',
      lag: pipeline?.lag_unknown_since === null ? pipeline.lag_blocks : 'unknown',
      ...{ ready, reasons },
      alerts: listed.alerts.map(({ rule }) => rule).sort(),
      messages: listed.alerts.map(({ message }) => message),
    };
  }

  /** Waits until it looks like that, and returns how it looks. */
  async until(what: string, fits: (sight: Sight) => boolean, timeoutMs = 30_000): Promise<Sight> {
    let last: Sight | null = null;
    try {
      return await eventually(
        what,
        async () => {
          last = await this.sight();
          return fits(last) ? last : null;
        },
        timeoutMs,
      );
    } catch (error) {
      throw new Error(`${String(error)}: ${JSON.stringify(last)}`, { cause: error });
    }
  }

  /** What the webhook was told: `raised pipeline_down`, in order. */
  get told(): readonly string[] {
    return this.webhook.alerts.map(({ type, data }) => `${type.replace('alert.', '')} ${data.key.split(':')[0] ?? ''}`);
  }

  /** Fails where anybody was told that something is over. */
  expectNothingCalledOver(): void {
    expect(this.told.filter((news) => news.startsWith('cleared'))).to.deep.equal([]);
  }

  async end(): Promise<void> {
    for (const child of this.#children) {
      child.signal('SIGCONT');
      child.signal('SIGKILL');
    }
    await Promise.all(this.#children.map(({ exited }) => exited));
    this.webhook.stop();
  }
}

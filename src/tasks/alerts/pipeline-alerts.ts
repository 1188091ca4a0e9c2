import type { AlertStore } from '../../database/operations/alert-store.js';
import type { MuteStore } from '../../database/operations/mute-store.js';
import { alertKey, type Alert, type AlertCondition, type AlertRule } from '../../model/alert.js';
import { isPortal, isReportedBy, isStale } from '../../model/rpc-endpoint.js';
import { taskStatus } from '../../model/task.js';
import type { Clock } from '../../runtime/clock.js';
import { isSilentFor } from '../../runtime/silence.js';
import type { AlertSettings } from '../../settings/settings.js';
import { HeadContact } from '../views/head-contact.js';
import { pipelineDown, pipelineLags, rpcUnreachable, type UnreachableChain } from './alert-conditions.js';
import type { AlertDesk } from './alert-desk.js';
import { LagWatch } from './lag-watch.js';
import { judgePipeline, type PipelineFacts, type PipelineVerdict } from './pipeline-verdict.js';
import type { FleetFacts } from './read-pipeline-facts.js';
import { contactOf, type ChainContact } from './unreachable-chains.js';
import { isWatched, unwatchedEnding } from './watched-rules.js';

export interface PipelineAlertsOptions {
  readonly desk: Pick<AlertDesk, 'raise' | 'clear' | 'forgetOthers' | 'muted'>;
  readonly store: Pick<AlertStore, 'list'>;
  readonly mutes: Pick<MuteStore, 'list'>;
  readonly rules: AlertSettings;
  readonly clock: Clock;
  readonly defaultIntervalSeconds: number;
  readonly readFacts: () => Promise<FleetFacts>;
}

/** Alerts that are looked at. */
const mostAlerts = 1_000;

/** Rules of which each judge knows by the database's rows alone whether they hold. */
const judged: ReadonlySet<AlertRule> = new Set(['pipeline_down', 'rpc_unreachable', 'lag']);

/** What a pipeline's alerts are over by: that it works, or that nobody wants it to. */
const ofPipelines: ReadonlySet<AlertRule> = new Set([
  ...(['pipeline_down', 'pipeline_stalled', 'task_stalled', 'heartbeat_failing', 'lag'] as const),
]);

/** What is known in one look. */
interface Look {
  readonly facts: FleetFacts;
  readonly verdicts: ReadonlyMap<number, PipelineVerdict>;
  readonly contact: ChainContact;
  /** Pipelines that run, and are behind their heads by less than the limit. */
  readonly near: ReadonlySet<number>;
}

/**
 * The rules of pipelines, by what the database says of them: whoever judges raises what is wrong, and clears what is over,
 * whoever had raised it. The end of a task ends no alert.
 */
export class PipelineAlerts {
  readonly #options: PipelineAlertsOptions;
  readonly #lags: LagWatch;
  readonly #heads: HeadContact;
  readonly #startedAt: number;

  constructor(options: PipelineAlertsOptions) {
    this.#options = options;
    this.#startedAt = options.clock.monotonic();
    this.#heads = new HeadContact(options.defaultIntervalSeconds);
    this.#lags = new LagWatch((options.rules.lagMinutes ?? 0) * 60_000);
  }

  /** Judges all pipelines; returns what it judged them by. Throws what the database throws. */
  async judge(): Promise<FleetFacts> {
    const { desk, store, mutes, readFacts } = this.#options;
    desk.muted(await mutes.list());
    const facts = await readFacts();
    const options = { ...this.#options, now: facts.now };
    const verdicts = new Map(facts.pipelines.map((pipeline) => [pipeline.id, judgePipeline(pipeline, options)]));
    const contact = contactOf(facts.endpoints);
    const { lags, near } = this.#judgeLag(facts);
    const found = [...this.#down(facts, verdicts), ...this.#unreachable(facts, contact), ...lags];
    for (const condition of found) desk.raise(condition);
    const { alerts } = await store.list({ all: false, limit: mostAlerts });
    desk.forgetOthers(judged, new Set([...found, ...alerts].map(alertKey)));
    const keys = new Set(found.map(alertKey));
    for (const alert of alerts)
      if (!keys.has(alertKey(alert))) this.#clearWhereOver(alert, { facts, verdicts, contact, near });
    return facts;
  }

  #down({ pipelines }: FleetFacts, verdicts: Look['verdicts']): readonly AlertCondition[] {
    if (!this.#options.rules.pipelineDown) return [];
    return pipelines.flatMap((pipeline) => {
      const verdict = verdicts.get(pipeline.id);
      return verdict?.kind === 'down' ? [pipelineDown(pipeline, verdict.down)] : [];
    });
  }

  #unreachable(facts: FleetFacts, { unreachable }: ChainContact): readonly AlertCondition[] {
    const { rpcUnreachableSeconds: limit } = this.#options.rules;
    if (limit === null) return [];
    return unreachable
      .filter(({ sinceSeconds }) => sinceSeconds >= limit)
      .map((chain) => rpcUnreachable(chain, needing(facts, chain)));
  }

  /** A run whose nodes do not answer is behind by nobody knows how much. */
  #judgeLag({ pipelines, endpoints, chains }: FleetFacts): {
    readonly lags: readonly AlertCondition[];
    readonly near: ReadonlySet<number>;
  } {
    const { clock, rules, defaultIntervalSeconds } = this.#options;
    if (rules.lagMinutes === null) return { lags: [], near: new Set() };
    const following = pipelines.flatMap(({ task, ...pipeline }) =>
      task?.status === taskStatus.running && task.progress?.mode === 'realtime' ? [{ pipeline, task }] : [],
    );
    this.#heads.note(
      following.map(({ task }) => task),
      endpoints,
      chains,
    );
    this.#lags.keep(new Set(following.map(({ task }) => task.id)));
    const at = clock.monotonic();
    const lags: AlertCondition[] = [];
    const near = new Set<number>();
    for (const { pipeline, task } of following) {
      const isSilent = isSilentFor(task.silentSeconds, task.heartbeatInterval ?? defaultIntervalSeconds);
      if (isSilent || this.#heads.unknownSince(task.id) !== null) continue;
      const lag = this.#lags.note(task, at);
      if (lag.kind === 'near') near.add(pipeline.id);
      if (lag.kind !== 'behind') continue;
      lags.push(pipelineLags(pipeline, { taskId: task.id, blocks: lag.blocks, sinceSeconds: lag.seconds }));
    }
    return { lags, near };
  }

  #clearWhereOver(alert: Alert, look: Look): void {
    const ending = this.#endingOf(alert, look);
    if (ending !== null) this.#options.desk.clear(alertKey(alert), ending);
  }

  /**
   * What is watched no more is over by that alone, whatever it was raised for; not what was raised since this process began, by one
   * that is set otherwise: the two would raise and clear it in turn.
   */
  #endingOf(alert: Alert, look: Look): string | null {
    const { clock, rules } = this.#options;
    const isOlder = alert.openSeconds > (clock.monotonic() - this.#startedAt) / 1_000;
    if (isOlder && !isWatched(alert.rule, rules)) return unwatchedEnding(alert);
    return alert.rule === 'rpc_unreachable' ? chainEnding(alert, look) : pipelineEnding(alert, look);
  }
}

/** Says how what an alert says of a pipeline is over; null: it is not, or nobody knows. */
function pipelineEnding(alert: Alert, { verdicts, near }: Look): string | null {
  const { rule, pipelineId, createTime } = alert;
  if (pipelineId === null || !ofPipelines.has(rule)) return null;
  const verdict = verdicts.get(pipelineId);
  if (verdict === undefined) return `pipeline ${pipelineId} is gone`;
  if (rule === 'lag' && near.has(pipelineId)) return `pipeline ${pipelineId} has come up to the head`;
  if (verdict.kind !== 'over') return null;
  const { beatAt } = verdict;
  // Whoever works may still be far behind; and a beat from before says nothing of what was found after it.
  if (beatAt !== null && (rule === 'lag' || beatAt <= createTime)) return null;
  return `pipeline ${pipelineId} ${verdict.how}`;
}

/** Says how what an alert says of a chain is over; null: it is not, or nobody knows, for nobody asks. */
function chainEnding({ subject, details }: Alert, { facts, verdicts, contact }: Look): string | null {
  const chain = String(details['chain'] ?? subject);
  if (contact.answering.has(subject))
    return subject.startsWith('chain ') ? `RPC of ${chain} answers again` : `the ${subject} answers again`;
  const ids = String(details['pipelines'] ?? '')
    .split(', ')
    .filter((id) => id !== '')
    .map(Number);
  const isNeeded = ids.some((id) =>
    isNeeding(
      facts.pipelines.find((each) => each.id === id),
      verdicts.get(id),
    ),
  );
  return isNeeded || ids.length === 0 ? null : `nobody asks ${chain} any more`;
}

/** A pipeline needs its chain as long as it runs, or should. */
function isNeeding(pipeline: PipelineFacts | undefined, verdict: PipelineVerdict | undefined): boolean {
  return pipeline !== undefined && (verdict?.kind !== 'over' || pipeline.task?.status === taskStatus.running);
}

/**
 * The pipelines that wait for a chain. Who asks its nodes does not wait for a portal, unless nobody else does: then it is a shard that
 * has nothing else.
 */
function needing({ pipelines, endpoints, chains }: FleetFacts, { chainId, by }: UnreachableChain): readonly number[] {
  const running = pipelines.filter(({ id, task }) => chains.get(id) === chainId && task?.status === taskStatus.running);
  const nodes = endpoints.filter((each) => each.chainId === chainId && !isPortal(each) && !isStale(each));
  const asksNodes = ({ task }: PipelineFacts): boolean =>
    task !== null && nodes.some((each) => isReportedBy(each, task));
  const waiting = by === 'portal' ? running.filter((each) => !asksNodes(each)) : running;
  return (waiting.length === 0 ? running : waiting).map(({ id }) => id);
}

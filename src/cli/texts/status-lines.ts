import type { Alert } from '../../model/alert.js';
import { storedAlertText } from '../../model/alert-text.js';
import { chainNameOf } from '../../model/chain.js';
import { glanceAtEndpoints, type EndpointGlance } from '../../model/endpoint-glance.js';
import { isStale } from '../../model/rpc-endpoint.js';
import {
  heartbeatAge,
  isSilent,
  knownSilence,
  lagBlocks,
  lastBlock,
  statusName,
  statusText,
  taskStatus,
  type Task,
} from '../../model/task.js';
import { obstacleText } from '../../model/wanted.js';
import { placesOf } from '../../model/worker.js';
import type { Lang } from '../../runtime/lang.js';
import { textsIn, type Texts } from '../../texts/texts.js';
import type { HeadContact } from '../../tasks/views/head-contact.js';
import type { EventRates } from '../../tasks/views/event-rates.js';
import type { SinkView } from '../../tasks/views/sink-view.js';
import { aliveMonitors, type PipelineStatus, type SystemStatus } from '../../tasks/status/system-status.js';
import { withUnknownLag } from '../../tasks/views/unknown-lags.js';
import { ageText } from '../../texts/age-text.js';
import type { Cell } from '../terminal/output.js';
import type { Heading } from '../terminal/render-table.js';
import type { ScreenLine } from '../terminal/paint-lines.js';
import { statusBlock, type Room, type StatusBlock, type StatusRow } from './status-block.js';
import { alertHeadings, endpointHeadings, pipelineHeadings, runningHeadings, sinkHeadings } from './status-headings.js';
import { ofShard, progressSummary, waitsText } from './task-table.js';

export interface StatusView {
  readonly rates: EventRates;
  readonly contact: HeadContact;
  readonly lang: Lang;
  readonly timeoutMinutes: number;
  readonly defaultIntervalSeconds: number;
  /** Lines that there is room for, and columns; undefined: as many as are wanted. */
  readonly rows: number;
  readonly columns: number | undefined;
}

/**
 * Returns a status as lines: who watches, what is wrong, then pipelines, running tasks and endpoints as far as there is
 * room; and the headings of the columns for which there was none.
 */
export async function statusLines(status: SystemStatus, view: StatusView): Promise<StatusBlock> {
  const { lang, columns } = view;
  const block = (
    name: keyof Texts['system']['title'],
    headings: readonly Heading[],
    rows: readonly StatusRow[],
    room: Room,
  ) =>
    rows.length === 0 && name !== 'pipelines' ? nothing : statusBlock(name, headings, rows, { lang, columns, ...room });
  const alertRows = status.alerts.map((alert) => alertRow(alert, lang));
  const alerts = await block('alerts', alertHeadings, alertRows, { room: aFifth(view), total: status.openAlerts });
  const endpointRows = glanceAtEndpoints(status.endpoints).map((glance) => endpointRow(glance, lang));
  const endpointRoom = { room: aFifth(view), total: endpointRows.length };
  const endpoints = await block('endpoints', endpointHeadings, endpointRows, endpointRoom);
  const sinkRows = status.sinks.map((sink) => sinkRow(sink, lang));
  const sinks = await block('sinks', sinkHeadings, sinkRows, { room: aFifth(view), total: sinkRows.length });
  const head = headLines(status, lang);
  const left = view.rows - head.length - alerts.lines.length - endpoints.lines.length - sinks.lines.length;
  const isMuch = status.running.length + 4 > left / 2;
  const runningRows = status.running.map((task) => runningRow(task, view));
  const runningRoom = { room: isMuch ? Math.floor(left / 2) : left, total: status.late.running };
  const running = await block('running', runningHeadings, runningRows, runningRoom);
  const pipelineRows = status.pipelines.map((each) => pipelineRow(each, view));
  const pipelineRoom = { room: left - running.lines.length, total: status.pipelines.length };
  const pipelines = await block('pipelines', pipelineHeadings, pipelineRows, pipelineRoom);
  const blocks = [alerts, pipelines, running, sinks, endpoints];
  return {
    lines: [...head, ...blocks.flatMap(({ lines }) => lines)],
    hidden: blocks.flatMap(({ hidden }) => hidden),
  };
}

const nothing: StatusBlock = { lines: [], hidden: [] };

function aFifth({ rows }: StatusView): number {
  return Math.max(3, Math.floor(rows / 5));
}

/** Returns the last line: how old this is, and why. */
export function statusFoot({
  now,
  trouble,
  lang,
}: {
  readonly now: number;
  readonly trouble: string | null;
  readonly lang: Lang;
}): ScreenLine {
  const { databaseAway, foot } = textsIn(lang).system;
  if (trouble !== null) return { text: databaseAway(trouble), tone: 'bad' };
  const time = new Date(now).toISOString().slice(0, 19).replace('T', ' ');
  return { text: foot(time), tone: 'faint' };
}

function headLines({ late, silence, queued, ...status }: SystemStatus, lang: Lang): readonly ScreenLine[] {
  const monitors = aliveMonitors({ late, silence, queued, ...status });
  const [first] = monitors;
  const { system } = textsIn(lang);
  const rate = late.timeoutRate === null || late.timedOut === 0 ? '' : ` (${Math.round(late.timeoutRate * 100)} %)`;
  const unknown = silence.unknown === 0 ? '' : system.silenceUnknown(silence.unknown);
  const waiting = queued === 0 ? '' : system.queued(queued);
  const counts = system.counts(late.running, silence.silent, unknown + waiting, late.ended, late.timedOut, rate);
  const watched =
    first === undefined
      ? system.noMonitor(status.isReadOnly)
      : system.monitors(monitors.length, first.name, ageText(Math.max(0, first.heartbeatAgeSeconds), lang));
  const places = placesOf(status.workers);
  const atWork =
    places.workers === 0 ? system.noWorker(queued) : system.workers(places.workers, places.taken, places.all);
  return [
    { text: counts, tone: silence.silent > 0 ? 'bad' : undefined },
    { text: watched, tone: first === undefined ? 'bad' : undefined },
    ...downLines(status, lang),
    { text: atWork, tone: places.workers > 0 ? undefined : queued > 0 ? 'bad' : 'faint' },
  ];
}

function downLines({ down }: Pick<SystemStatus, 'down'>, lang: Lang): readonly ScreenLine[] {
  if (down.length === 0) return [];
  const names = down.slice(0, 5).map(({ id, name }) => `${id} (${name})`);
  const list = names.join(', ') + (down.length > names.length ? ', …' : '');
  return [{ text: textsIn(lang).system.down(down.length, list), tone: 'bad' }];
}

function pipelineRow(
  { id, name, state, task, wanted, nextBlock }: PipelineStatus,
  { rates, contact, lang }: StatusView,
): StatusRow {
  const progress = task?.progress ?? null;
  const isRunning = task?.status === taskStatus.running;
  const unknownSince = task === null ? null : contact.unknownSince(task.id);
  const known = isRunning && progress?.mode === 'realtime' ? lagBlocks(progress) : null;
  const lag = unknownSince === null ? known : textsIn(lang).tasks.unknownSince(unknownSince);
  const age = heartbeatAge(task);
  const waits = state === 'queued' && task !== null ? waitsText(task, lang) : null;
  const obstacle = wanted === null || isRunning ? null : obstacleText(wanted, lang);
  const ending = state === 'failed' ? ` (${task?.endReason ?? '?'})` : waits === null ? '' : `, ${waits}`;
  const reason = ending + (obstacle === null ? '' : `; ${obstacle}`);
  const cells: Cell[] = [
    ...[id, name, stateText(state, task, lang) + reason, lag],
    ...[progress?.events, isRunning ? rateText(rates.of(task.id)) : null, lastBlock({ nextBlock })],
    age === null ? null : ageText(age, lang),
  ];
  const isBad = state === 'silent' || state === 'parked' || state === 'failed';
  return { cells, tone: isBad || unknownSince !== null ? 'bad' : isRunning ? undefined : 'faint' };
}

/** What an older program wrote for an end is shown as it stands where no table of statuses has it. */
function stateText(state: PipelineStatus['state'], task: Task | null, lang: Lang): string {
  const isKnown = state !== 'ended' || task === null || statusName(task.status) !== 'unknown';
  return isKnown ? textsIn(lang).system.pipeline[state] : statusText(task.status, lang);
}

function runningRow(task: Task, view: StatusView): StatusRow {
  const { lang, rates, contact, timeoutMinutes } = view;
  const unknownSince = contact.unknownSince(task.id);
  const progress = task.progress === null ? null : withUnknownLag(task.progress, unknownSince);
  const silence = knownSilence(task);
  const cells = [
    ...[task.id, task.pipelineId, silence === null ? null : ageText(silence, lang)],
    ageText((task.timeoutMinutes ?? timeoutMinutes) * 60, lang),
    ...[rateText(rates.of(task.id)), task.worker],
    ofShard(task, progress === null ? null : progressSummary(progress, lang), lang),
  ];
  return { cells, tone: isSilent(task, view.defaultIntervalSeconds) ? 'bad' : undefined };
}

function sinkRow(sink: SinkView, lang: Lang): StatusRow {
  const { pipelineId, name, state, cursorBlock, behind, deadLetters, lastError } = sink;
  const { state: states } = textsIn(lang).sinks;
  // What was wrong once is not what is wrong now.
  const error = state === 'failing' ? lastError : null;
  const cells = [pipelineId, name, states[state], cursorBlock, behind, deadLetters, error];
  return { cells, tone: state === 'failing' || deadLetters > 0 ? 'bad' : state === 'running' ? undefined : 'faint' };
}

function endpointRow({ endpoint, reports, alike }: EndpointGlance, lang: Lang): StatusRow {
  const stale = isStale(endpoint);
  const { name, chainId, state, headMs, logsMs, lastError } = endpoint;
  const share = alike === reports ? '' : ` (${alike}/${reports})`;
  const { system } = textsIn(lang);
  const text = stale ? system.noReport(ageText(endpoint.ageSeconds, lang)) : system.endpoint[state] + share;
  const cells = [name, chainNameOf(chainId), text, headMs, logsMs, lastError];
  const isBad = state === 'wrong_chain' || state === 'resting' || state === 'failing';
  return { cells, tone: stale || state === 'unasked' ? 'faint' : isBad ? 'bad' : undefined };
}

function alertRow(alert: Alert, lang: Lang): StatusRow {
  return { cells: [alert.id, alert.rule, ageText(alert.openSeconds, lang), storedAlertText(alert, lang)], tone: 'bad' };
}

function rateText(rate: number | null): string | null {
  if (rate === null) return null;
  return rate > 0 && rate < 10 ? rate.toFixed(1) : String(Math.round(rate));
}

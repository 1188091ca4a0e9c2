import type { Database } from '../../database/database.js';
import { requireMigrated } from '../../database/schema/migrator.js';
import { DatabaseUnreachableError } from '../../runtime/errors.js';
import { HeadContact } from '../../tasks/views/head-contact.js';
import { EventRates } from '../../tasks/views/event-rates.js';
import { systemStatusToJson } from '../../tasks/status/system-status-json.js';
import { readSystemStatus, type SystemStatus } from '../../tasks/status/system-status.js';
import { untilAborted } from '../../runtime/until-aborted.js';
import type { CommandContext } from '../context/context.js';
import { paintLines } from '../terminal/paint-lines.js';
import { Screen } from '../terminal/screen.js';
import { statusFoot, statusLines, type StatusView } from '../texts/status-lines.js';
import type { CommandBody } from '../command-line/command.js';

/** The whole system at a glance. */
export const command: CommandBody = {
  options: [
    { flags: '--once', description: 'print it once; also where there is no terminal' },
    { flags: '--interval <seconds>', description: 'show it anew so often; 2 where left out', kind: 'seconds' },
  ],
  stopsGracefully: true,
  action: showStatus,
};

interface StatusOptions {
  readonly once?: boolean;
  /** In seconds. */
  readonly interval?: number;
}

/** How long what is shown stands where nothing is said, and at least, in milliseconds. */
const defaultPeriodMs = 2_000;
const leastPeriodMs = 200;

/** From one look to the other where it is printed once: rates need two, in milliseconds. */
const glanceMs = 1_000;

/** A database that has not answered for so long counts as away, in milliseconds. */
const statementTimeoutMs = 10_000;

/** Shows the whole system on one screen, anew every two seconds; where there is no screen, once. */
async function showStatus(context: CommandContext, { once = false, interval }: StatusOptions): Promise<void> {
  const database = await context.database({ statementTimeoutMs, isLookedAt: true });
  await requireMigrated(database);
  const status = new StatusCommand(context, database);
  if (once || !context.output.isScreen) return status.print();
  const periodMs = interval === undefined ? defaultPeriodMs : interval * 1_000;
  await status.watch(Math.max(leastPeriodMs, periodMs));
}

class StatusCommand {
  readonly #context: CommandContext;
  readonly #database: Database;
  readonly #rates: EventRates;
  readonly #contact: HeadContact;
  /** Why what is shown is old; null: it is not. */
  #trouble: string | null = null;

  constructor(context: CommandContext, database: Database) {
    this.#context = context;
    this.#database = database;
    this.#rates = new EventRates(context.clock);
    this.#contact = new HeadContact(context.settings.heartbeatIntervalSeconds);
  }

  async print(): Promise<void> {
    const { output, clock, signals } = this.#context;
    const first = await this.#read();
    if (first.running.length > 0) await clock.sleep(glanceMs, signals.stopping).catch(() => undefined);
    const status = first.running.length > 0 ? await this.#read() : first;
    const view = this.#view(Number.POSITIVE_INFINITY);
    const timeZone = this.#database.timezone.value;
    const { pageUrl } = this.#context.settings.alerts;
    if (output.isJson) return output.json(systemStatusToJson(status, { ...view, timeZone, pageUrl }));
    const { lines, hidden } = await statusLines(status, view);
    for (const { text } of lines) await output.line(text);
    output.tellHidden(hidden);
  }

  /** Shows it until the command is asked to stop, or `q` is typed; a database that goes away is told of, and asked again. */
  async watch(periodMs: number): Promise<void> {
    const { output, clock, signals } = this.#context;
    const quitKey = this.#context.quitKey();
    const stopping = AbortSignal.any([signals.stopping, quitKey.pressed]);
    const screen = new Screen(output);
    try {
      let status = await untilAborted(this.#read(), stopping);
      await screen.open();
      while (status !== null && !stopping.aborted) {
        await screen.show(await this.#render(status));
        await clock.sleep(periodMs, stopping).catch(() => undefined);
        // What hangs must not keep the terminal.
        status = await untilAborted(this.#readAgain(status), stopping);
      }
    } finally {
      quitKey.release();
      if (screen.isOpen) await screen.close();
    }
  }

  async #read(): Promise<SystemStatus> {
    const defaultIntervalSeconds = this.#context.settings.heartbeatIntervalSeconds;
    const status = await readSystemStatus(this.#database, { defaultIntervalSeconds });
    this.#rates.note(status.running);
    this.#contact.note(status.running, status.endpoints, status.chains);
    return status;
  }

  async #readAgain(before: SystemStatus): Promise<SystemStatus> {
    try {
      const status = await this.#read();
      this.#trouble = null;
      return status;
    } catch (error) {
      if (!(error instanceof DatabaseUnreachableError)) throw error;
      this.#trouble = error.message;
      return before;
    }
  }

  #view(rows: number): StatusView {
    const { settings, output } = this.#context;
    return {
      ...{ rates: this.#rates, contact: this.#contact, lang: output.lang, rows, columns: output.tableColumns },
      timeoutMinutes: settings.taskTimeoutMinutes,
      defaultIntervalSeconds: settings.heartbeatIntervalSeconds,
    };
  }

  async #render(status: SystemStatus): Promise<readonly string[]> {
    const { output, secrets, clock } = this.#context;
    const rows = output.size.rows - 2;
    const { lines } = await statusLines(status, this.#view(rows));
    const foot = statusFoot({ now: clock.now(), trouble: this.#trouble, lang: output.lang });
    return paintLines([...lines.slice(0, rows), { text: '' }, foot], {
      ...{ columns: output.size.columns, isColored: output.isColored },
      mask: (text) => secrets.mask(text),
    });
  }
}

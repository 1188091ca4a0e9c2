import { Migrator } from '../../database/schema/migrator.js';
import type { MigrationStatus } from '../../database/schema/migrator.js';
import { UsageError } from '../../runtime/errors.js';
import type { Lang } from '../../runtime/lang.js';
import { parseUtcOffset } from '../../runtime/utc-offset.js';
import type { CommandContext } from '../context/context.js';
import { briefInstant } from '../terminal/brief-texts.js';
import { textsIn } from '../../texts/texts.js';
import type { CommandBody } from '../command-line/command.js';

export const command: CommandBody = {
  options: [
    { flags: '--status', description: 'show which migrations are applied; change nothing' },
    { flags: '--sql', description: 'print what would be run; change nothing' },
    { flags: '--rollback', description: 'take back the newest migration; drops only what chainparse made' },
    { flags: '--all', description: 'with --rollback: take back all' },
    {
      flags: '--time-zone <offset>',
      description:
        'read all times in the database as of this offset from UTC, such as +08:00, from now on: none is written anew; refused while anything runs',
    },
  ],
  action: migrate,
};

interface MigrateOptions {
  readonly status?: boolean;
  readonly sql?: boolean;
  readonly rollback?: boolean;
  readonly all?: boolean;
  readonly timeZone?: string;
}

/** Brings the database to the newest schema, or shows or takes back what was done. */
async function migrate(context: CommandContext, options: MigrateOptions): Promise<void> {
  checkTogether(options);
  const timezone = readTimezone(options);
  const reads = options.status === true || options.sql === true;
  // A SQLite file that is yet to be made lacks every statement, and is not made by looking.
  const create = options.sql === true ? 'in-memory' : !reads && options.rollback !== true;
  // What only looks, or changes the time zone, takes whichever the database has.
  const anyZone = reads || timezone !== undefined ? { timezone: undefined } : {};
  const database = await context.database({ create, ...anyZone });
  // A variable that did not arrive whole, or a wrong folder, means another database than the one that is thought of.
  context.output.note(`the database is ${database.label}`);
  let migrator = new Migrator(database, context.clock);
  // A database that has none yet is made with it, as with one that is set: what is written from the first row on is right.
  const toStore = options.sql === true ? context.settings.databaseTimezone : timezone;
  if (toStore !== undefined && !(await migrator.hasTimezone())) {
    migrator = new Migrator(await context.database({ create, timezone: toStore }), context.clock);
  }
  if (options.status === true) return showStatus(context, migrator);
  if (options.sql === true) return printSql(context, migrator);
  if (options.rollback === true) return rollBack(context, migrator, options.all === true);
  await bringUp(context, migrator, timezone);
}

/** Throws UsageError where options say more than one thing: the other one would be left undone, unsaid. */
function checkTogether({ status, sql, rollback, all }: MigrateOptions): void {
  if (all === true && rollback !== true) {
    throw new UsageError('--all goes with --rollback alone', {
      hint: 'without options all that is pending is applied',
    });
  }
  if ([status, sql, rollback].filter(Boolean).length > 1) {
    throw new UsageError('--status, --sql and --rollback exclude each other', {
      hint: '--sql prints what migrate would apply; nothing prints what --rollback would take back',
    });
  }
}

function readTimezone({ timeZone, status, sql, rollback }: MigrateOptions): string | undefined {
  if (timeZone === undefined) return undefined;
  if (status === true || sql === true || rollback === true) {
    throw new UsageError('--time-zone does not go with --status, --sql or --rollback');
  }
  const offset = parseUtcOffset(timeZone);
  if (offset !== null) return offset;
  throw new UsageError(`--time-zone '${timeZone}' is no offset`, { hint: 'write an offset from UTC, such as +08:00' });
}

async function bringUp(context: CommandContext, migrator: Migrator, timezone: string | undefined): Promise<void> {
  const { output, settings } = context;
  const report = (line: string): void => output.note(line);
  if (timezone === undefined && (await migrator.adoptsTasks())) warnOfTimezone(context);
  const applied = await migrator.up(report, timezone);
  const before =
    timezone === undefined
      ? undefined
      : await migrator.changeTimezone(report, timezone, settings.heartbeatIntervalSeconds);
  if (timezone !== undefined) warnOfSetting(context, timezone);
  if (output.isJson) {
    const change = timezone === undefined ? {} : { time_zone: timezone, time_zone_before: before };
    return output.json({ database: migrator.label, applied, ...change });
  }
  if (applied.length > 0 || timezone === undefined) {
    await output.line(applied.length === 0 ? 'the database is up to date' : `applied ${count(applied)}`);
  }
  if (timezone !== undefined) await output.line(describeChange(timezone, before, output.lang));
}

function describeChange(to: string, before: string | undefined, lang: Lang): string {
  const { kept, changed } = textsIn(lang).timezones;
  return to === before ? kept(to) : changed(to, before ?? '');
}

/** Nothing tells what the clock on an older program's wall showed. */
function warnOfTimezone({ logger, settings }: CommandContext): void {
  const message = textsIn(settings.lang).timezones.assumed;
  logger.log('warn', message, { event: 'migrate.time_zone_assumed', time_zone: '+00:00' });
}

function warnOfSetting({ logger, settings }: CommandContext, timezone: string): void {
  const set = settings.databaseTimezone;
  if (set === undefined || set === timezone) return;
  const message = textsIn(settings.lang).timezones.settingDiffers(set);
  logger.log('warn', message, { event: 'migrate.time_zone_set', time_zone: timezone, set });
}

async function rollBack({ output, logger, settings }: CommandContext, migrator: Migrator, all: boolean): Promise<void> {
  const task = await migrator.livingTask(settings.heartbeatIntervalSeconds);
  if (task !== null) {
    logger.log('warn', textsIn(settings.lang).rollbacks.taskRuns(task), { event: 'migrate.in_use', task_id: task });
  }
  const names = await migrator.down((line) => output.note(line), all);
  if (output.isJson) return output.json({ database: migrator.label, rolled_back: names });
  await output.line(names.length === 0 ? 'there is nothing to roll back' : `rolled back ${count(names)}`);
}

async function showStatus({ output }: CommandContext, migrator: Migrator): Promise<void> {
  const migrations = await migrator.status();
  await printStatus(output, migrations, migrator.label);
  // Whoever asks sees what is there first.
  migrator.refuseNewer(migrations);
}

async function printStatus(
  output: CommandContext['output'],
  migrations: readonly MigrationStatus[],
  label: string,
): Promise<void> {
  const at = (appliedAt: string | null): string | null => appliedAt?.slice(0, 19).replace(' ', 'T') ?? null;
  if (output.isJson) {
    const rows = migrations.map(({ name, appliedAt, isKnown }) => ({
      name,
      applied: appliedAt !== null,
      applied_at: at(appliedAt),
      ...(isKnown ? {} : { known: false }),
    }));
    const pending = migrations.filter(({ appliedAt, isKnown }) => isKnown && appliedAt === null).length;
    return output.json({ database: label, migrations: rows, pending });
  }
  await output.table(
    [{ column: 'migration', least: 16 }, { column: 'state' }, { column: 'applied', cut: 1, brief: briefInstant }],
    migrations.map((migration) => [migration.name, stateOf(migration, output.lang), at(migration.appliedAt)]),
  );
}

function stateOf({ appliedAt, isKnown }: MigrationStatus, lang: Lang): string {
  const { newer, pending, applied } = textsIn(lang).commands.migration;
  if (!isKnown) return newer;
  return appliedAt === null ? pending : applied;
}

async function printSql(context: CommandContext, migrator: Migrator): Promise<void> {
  const { output } = context;
  // Who applies it by hand stores the offset with it, and is told by no migrate afterwards.
  if (await migrator.adoptsTasks()) warnOfTimezone(context);
  const changes = await migrator.sql();
  if (output.isJson) return output.json({ database: migrator.label, sql: changes.map(({ sql }) => sql) });
  for (const { text, sql } of changes) await output.lines(`-- ${text}\n${sql};`);
  if (changes.length === 0) await output.line('-- the database is up to date');
}

function count(names: readonly string[]): string {
  return `${names.length} ${names.length === 1 ? 'migration' : 'migrations'}: ${names.join(', ')}`;
}

import { Migrator } from '../../database/schema/migrator.js';
import type { MigrationStatus } from '../../database/schema/migrator.js';
import { UsageError } from '../../runtime/errors.js';
import type { Lang } from '../../runtime/lang.js';
import { parseUtcOffset } from '../../runtime/utc-offset.js';
import type { CommandContext } from '../context.js';
import { briefInstant } from '../terminal/brief-texts.js';

interface MigrateOptions {
  readonly status?: boolean;
  readonly sql?: boolean;
  readonly rollback?: boolean;
  readonly all?: boolean;
  readonly timeZone?: string;
}

/** Brings the database to the newest schema, or shows or takes back what was done. */
export async function migrate(context: CommandContext, options: MigrateOptions): Promise<void> {
  const timezone = readTimezone(options);
  const reads = options.status === true || options.sql === true;
  const create = !reads && options.rollback !== true;
  // What only looks, or changes the time zone, takes whichever the database has.
  const anyZone = reads || timezone !== undefined ? { timezone: undefined } : {};
  const migrator = new Migrator(await context.database({ create, ...anyZone }), context.clock);
  if (options.status === true) return showStatus(context, migrator);
  if (options.sql === true) return printSql(context, migrator);
  if (options.rollback === true) return rollBack(context, migrator, options.all === true);
  await bringUp(context, migrator, timezone);
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
  const applied = await migrator.up(report);
  const before =
    timezone === undefined
      ? undefined
      : await migrator.changeTimezone(report, timezone, settings.heartbeatIntervalSeconds);
  if (timezone !== undefined) warnOfSetting(context, timezone);
  if (output.isJson) {
    const change = timezone === undefined ? {} : { time_zone: timezone, time_zone_before: before };
    return output.json({ applied, ...change });
  }
  if (applied.length > 0 || timezone === undefined) {
    await output.line(applied.length === 0 ? 'the database is up to date' : `applied ${count(applied)}`);
  }
  if (timezone !== undefined) await output.line(describeChange(timezone, before, output.lang));
}

function describeChange(to: string, before: string | undefined, lang: Lang): string {
  if (to === before) return lang === 'zh' ? `数据库时区已是 ${to}` : `the database holds its times in ${to} already`;
  return lang === 'zh'
    ? `数据库时区由 ${before ?? ''} 改为 ${to}: 已存的时间不变, 自此均按 ${to} 解读`
    : `the database holds its times in ${to} now (before: ${before ?? ''}): those that are stored stay as they are written, and are read in ${to}`;
}

/** Nothing tells what the clock on an older program's wall showed. */
function warnOfTimezone({ logger, settings }: CommandContext): void {
  const message =
    settings.lang === 'zh'
      ? '表中有旧程序的任务, 且未设置时区: 其时间按 UTC (+00:00) 解读; 若旧程序写本地时间, 请先运行 chainparse migrate --time-zone +08:00'
      : 'the tables hold tasks of an older program, and no time zone is set: their times are taken for UTC (+00:00); where it writes local time, run chainparse migrate --time-zone +08:00 (its offset) before anything else';
  logger.log('warn', message, { event: 'migrate.time_zone_assumed', time_zone: '+00:00' });
}

function warnOfSetting({ logger, settings }: CommandContext, timezone: string): void {
  const set = settings.databaseTimezone;
  if (set === undefined || set === timezone) return;
  const message =
    settings.lang === 'zh'
      ? `CHAINPARSE_DB_TIMEZONE (database_timezone) 仍为 ${set}: 这样设置的进程会被拒绝, 请删除该设置`
      : `CHAINPARSE_DB_TIMEZONE (database_timezone) still says ${set}: processes that are set to it are refused; remove it`;
  logger.log('warn', message, { event: 'migrate.time_zone_set', time_zone: timezone, set });
}

async function rollBack({ output }: CommandContext, migrator: Migrator, all: boolean): Promise<void> {
  const names = await migrator.down((line) => output.note(line), all);
  if (output.isJson) return output.json({ rolled_back: names });
  await output.line(names.length === 0 ? 'there is nothing to roll back' : `rolled back ${count(names)}`);
}

async function showStatus({ output }: CommandContext, migrator: Migrator): Promise<void> {
  const migrations = await migrator.status();
  const at = (appliedAt: string | null): string | null => appliedAt?.slice(0, 19).replace(' ', 'T') ?? null;
  if (output.isJson) {
    const rows = migrations.map(({ name, appliedAt, isKnown }) => ({
      name,
      applied: appliedAt !== null,
      applied_at: at(appliedAt),
      ...(isKnown ? {} : { known: false }),
    }));
    const pending = migrations.filter(({ appliedAt, isKnown }) => isKnown && appliedAt === null).length;
    return output.json({ migrations: rows, pending });
  }
  await output.table(
    [
      { en: 'migration', zh: '迁移', least: 16 },
      { en: 'state', zh: '状态' },
      { en: 'applied', zh: '应用时间', cut: 1, brief: briefInstant },
    ],
    migrations.map((migration) => [migration.name, stateOf(migration), at(migration.appliedAt)]),
  );
}

function stateOf({ appliedAt, isKnown }: MigrationStatus): string {
  if (!isKnown) return 'made by a newer version';
  return appliedAt === null ? 'pending' : 'applied';
}

async function printSql({ output }: CommandContext, migrator: Migrator): Promise<void> {
  const changes = await migrator.sql();
  if (output.isJson) return output.json({ sql: changes.map(({ sql }) => sql) });
  for (const { text, sql } of changes) await output.lines(`-- ${text}\n${sql};`);
  if (changes.length === 0) await output.line('-- the database is up to date');
}

function count(names: readonly string[]): string {
  return `${names.length} ${names.length === 1 ? 'migration' : 'migrations'}: ${names.join(', ')}`;
}

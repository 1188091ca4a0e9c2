import { Migrator } from '../../database/schema/migrator.js';
import type { CommandContext } from '../context.js';
import { briefInstant } from '../terminal/brief-texts.js';

interface MigrateOptions {
  readonly status?: boolean;
  readonly sql?: boolean;
  readonly rollback?: boolean;
  readonly all?: boolean;
}

/** Brings the database to the newest schema, or shows or takes back what was done. */
export async function migrate(context: CommandContext, options: MigrateOptions): Promise<void> {
  const reads = options.status === true || options.sql === true;
  const migrator = new Migrator(await context.database({ create: !reads && options.rollback !== true }), context.clock);
  if (options.status === true) return showStatus(context, migrator);
  if (options.sql === true) return printSql(context, migrator);
  if (options.rollback === true) return rollBack(context, migrator, options.all === true);
  await bringUp(context, migrator);
}

async function bringUp({ output }: CommandContext, migrator: Migrator): Promise<void> {
  const applied = await migrator.up((line) => output.note(line));
  if (output.isJson) return output.json({ applied });
  await output.line(applied.length === 0 ? 'the database is up to date' : `applied ${count(applied)}`);
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
    const rows = migrations.map(({ name, appliedAt }) => ({
      name,
      applied: appliedAt !== null,
      applied_at: at(appliedAt),
    }));
    return output.json({ migrations: rows, pending: rows.filter(({ applied }) => !applied).length });
  }
  await output.table(
    [
      { en: 'migration', zh: '迁移', least: 16 },
      { en: 'state', zh: '状态' },
      { en: 'applied', zh: '应用时间', cut: 1, brief: briefInstant },
    ],
    migrations.map(({ name, appliedAt }) => [name, appliedAt === null ? 'pending' : 'applied', at(appliedAt)]),
  );
}

async function printSql({ output }: CommandContext, migrator: Migrator): Promise<void> {
  const changes = await migrator.sql();
  if (output.isJson) return output.json({ sql: changes.map(({ sql }) => sql) });
  for (const { text, sql } of changes) await output.line(`-- ${text}\n${sql};`);
  if (changes.length === 0) await output.line('-- the database is up to date');
}

function count(names: readonly string[]): string {
  return `${names.length} ${names.length === 1 ? 'migration' : 'migrations'}: ${names.join(', ')}`;
}

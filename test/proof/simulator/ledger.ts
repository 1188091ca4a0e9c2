/** One thing that was written, as a trigger saw it: inside the transaction, and gone if that was rolled back. */
export interface LedgerRow {
  readonly seq: number;
  /** Virtual time in milliseconds. */
  readonly at: number;
  /** The process that had sent the packet. */
  readonly sender: string;
  readonly kind: 'task' | 'change' | 'checkpoint' | 'event' | 'unevent';
  readonly pipeline: number;
  /** The task that the row is about; for rows of a pipeline: the one that its checkpoint named at this moment. */
  readonly task: number | null;
  /** Its process. */
  readonly worker: string | null;
  /** Its status before and at this moment; the same where it did not change. */
  readonly old_status: number | null;
  readonly status: number | null;
  /** `end_reason`, and for events `block:log index:block hash`. */
  readonly detail: string | null;
  /** `error`; for checkpoints the block's hash, for events the transaction's with the arguments. */
  readonly error: string | null;
  /** 1 where the heartbeat is set. */
  readonly beats: number | null;
  /** For checkpoints. */
  readonly old_block: number | null;
  readonly block: number | null;
  readonly version: number | null;
}

const columns =
  'at, sender, kind, pipeline, task, worker, old_status, status, detail, error, beats, old_block, block, version';

/** What differs between the databases' triggers. */
interface TriggerWords {
  readonly at: string;
  readonly sender: string;
  /** A key that is counted up. */
  readonly id: string;
  /** Bytes as hex in lower case. */
  hex(column: string): string;
  /** Joins texts. */
  concat(...parts: readonly string[]): string;
  /** Whether a checkpoint's block or version moved. */
  readonly moved: string;
  trigger(name: string, when: string, statement: string): string;
}

export const sqliteWords: TriggerWords = {
  at: 'sim_at()',
  sender: 'sim_sender()',
  id: 'INTEGER PRIMARY KEY',
  hex: (column) => `LOWER(HEX(${column}))`,
  concat: (...parts) => parts.join(' || '),
  moved: 'NEW.version IS NOT OLD.version',
  trigger: (name, when, statement) => `CREATE TRIGGER ${name} ${when} BEGIN ${statement}; END`,
};

export const serverWords: TriggerWords = {
  at: '@sim_at',
  sender: '@sim_sender',
  id: 'INTEGER PRIMARY KEY AUTO_INCREMENT',
  hex: (column) => `LOWER(HEX(${column}))`,
  concat: (...parts) => `CONCAT(${parts.join(', ')})`,
  moved: 'NOT (NEW.version <=> OLD.version)',
  trigger: (name, when, statement) => `CREATE TRIGGER ${name} ${when} FOR EACH ROW ${statement}`,
};

export const postgresWords: TriggerWords = {
  at: "current_setting('sim.at')::double precision",
  sender: "current_setting('sim.sender')",
  id: 'SERIAL PRIMARY KEY',
  hex: (column) => `encode(${column}, 'hex')`,
  concat: (...parts) => `CONCAT(${parts.join(', ')})`,
  moved: 'NEW.version IS DISTINCT FROM OLD.version',
  trigger: (name, when, statement) =>
    `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${statement}; RETURN NULL; END $$;` +
    ` CREATE TRIGGER ${name} ${when} FOR EACH ROW EXECUTE FUNCTION ${name}()`,
};

/** The statements that make the ledger and its triggers, on a database that is migrated. */
export function ledgerStatements(words: TriggerWords): readonly string[] {
  const into = (select: string): string =>
    `INSERT INTO sim_ledger (${columns}) SELECT ${words.at}, ${words.sender}, ${select}`;
  const task =
    'NEW.pipeline_id, NEW.id, NEW.worker, %, NEW.status, NEW.end_reason, NEW.error, NEW.last_heartbeat IS NOT NULL';
  const holder = (row: string, detail: string, rest: string): string =>
    `${row}.pipeline_id, c.task_id, t.worker, t.status, t.status, ${detail}, ${rest}` +
    ` FROM pipeline_checkpoint AS c LEFT JOIN pipeline_task AS t ON t.id = c.task_id WHERE c.pipeline_id = ${row}.pipeline_id`;
  const event = (row: string): string =>
    holder(
      row,
      words.concat(`${row}.block_number`, "':'", `${row}.log_index`, "':'", words.hex(`${row}.block_hash`)),
      `${words.concat(words.hex(`${row}.transaction_hash`), "' '", `${row}.args`)}, NULL, NULL, NULL, NULL`,
    );
  return [
    `CREATE TABLE sim_ledger (seq ${words.id}, at DOUBLE PRECISION, sender VARCHAR(64), kind VARCHAR(16), pipeline INTEGER, task INTEGER, worker VARCHAR(64), old_status INTEGER, status INTEGER, detail VARCHAR(255), error VARCHAR(255), beats BOOLEAN, old_block INTEGER, block INTEGER, version INTEGER)`,
    words.trigger(
      'sim_task',
      'AFTER INSERT ON pipeline_task',
      into(`'task', ${task.replace('%', 'NULL')}, NULL, NULL, NULL`),
    ),
    words.trigger(
      'sim_change',
      'AFTER UPDATE ON pipeline_task',
      into(`'change', ${task.replace('%', 'OLD.status')}, NULL, NULL, NULL`),
    ),
    words.trigger(
      'sim_checkpoint',
      'AFTER UPDATE ON pipeline_checkpoint',
      into(
        `'checkpoint', ${holder('NEW', "CASE WHEN @ THEN 'moved' END".replace('@', words.moved), `${words.hex('NEW.hash')}, NULL, OLD.block_number, NEW.block_number, NEW.version`)}`,
      ),
    ),
    words.trigger('sim_event', 'AFTER INSERT ON event', into(`'event', ${event('NEW')}`)),
    words.trigger('sim_unevent', 'AFTER DELETE ON event', into(`'unevent', ${event('OLD')}`)),
  ];
}

/** What is emptied before a schedule. */
export const tables = [
  'pipeline_task',
  'pipeline_checkpoint',
  'pipeline_commit',
  'event',
  'event_removed',
  'undecoded_log',
  'recent_block',
  'monitor',
  'sim_ledger',
] as const;

import { guardsOf } from './mutant.js';
import type { Mutant } from './mutant.js';

const rows = guardsOf('src/database/sinks/sink-store.ts', ['test/database/sinks/sink-store.test.ts'], '(sqlite)');
const schedules = ['test/tasks/outbox/outbox-schedules.test.ts'];
const copies = ['test/components/table-sink/stored-events.test.ts'];
const suites = ['test/tasks/outbox/outbox.test.ts'];
const delivered = guardsOf('src/tasks/outbox/sink-delivery.ts', schedules, '(sqlite)');
const letters = guardsOf('src/tasks/outbox/sink-letters.ts', schedules, '(sqlite)');
const retried = guardsOf('src/tasks/outbox/sink-letters.ts', suites, '(sqlite)');
const looped = guardsOf('src/tasks/outbox/sink-loop.ts', suites, '(sqlite)');
const numbered = guardsOf('src/tasks/outbox/message-of.ts', schedules, '(sqlite)');
const resumed = guardsOf('src/tasks/outbox/resume.ts', suites, '(sqlite)');
const placed = guardsOf('src/tasks/outbox/place.ts', suites, '(sqlite)');

/** What keeps a sink from losing a message, or telling what is not so. */
export const deliveryMutants: readonly Mutant[] = [
  rows(
    'cursor-holder',
    'only the holder of the pipeline moves a cursor',
    "      .whereExists(\n        this.#checkpoint(guard)\n          .where('version', '>=', change.reaches ?? 0)\n          .select(knex.raw('1')),\n      )\n",
    '',
  ),
  rows(
    'cursor-ahead',
    'a cursor is never ahead of the journal',
    "\n          .where('version', '>=', change.reaches ?? 0)",
    '',
  ),
  looped(
    'sink-ahead',
    'a sink that is ahead of the journal begins anew',
    'const isAhead = (this.#at.place?.pass.to.version ?? -1) > head.version;',
    'const isAhead = false;',
  ),
  rows(
    'cursor-worker',
    'and only for the process that holds it',
    'heldTask(this.#database, this.#holder)',
    'heldTask(this.#database, null)',
  ),
  guardsOf('src/tasks/outbox/outbox.ts', suites, '(sqlite)')(
    'outbox-worker',
    'a run delivers as the process that it is',
    'new SinkStore(parts.database, parts.worker)',
    'new SinkStore(parts.database)',
  ),
  rows('cursor-claim', 'an earlier holder’s late write matches nothing', ', name, claim: guard.claim }', ', name }'),
  delivered(
    'stored-before-sent',
    'a pass is stored before its first message leaves',
    'if (!this.#at.isStored(pass)) await this.store(',
    'if (this.#at.isStored(pass)) await this.store(',
  ),
  guardsOf('src/database/targets/copy-events.ts', copies, '(sqlite)')(
    'copied-count',
    'what is copied is all that is meant, and no more',
    'return database.fenced(knex(into).insert(rows), kind.count);',
    'return { ...database.fenced(knex(into).insert(rows)), fence: false };',
  ),
  guardsOf('src/database/targets/copy-events.ts', copies, '(sqlite)')(
    'copied-version',
    'and not what came in its place',
    "\n    .where('added', '<=', version)",
    '',
  ),
  guardsOf('src/tasks/outbox/pass-batches.ts', suites, '(sqlite)')(
    'copied-again',
    'what is sent again is not copied',
    ' && !pass.resends',
    '',
  ),
  letters(
    'dead-remove',
    'the remove of a dead letter joins it',
    "if (messages[0]?.op !== 'remove') return messages;",
    'if (messages.length > 0) return messages;',
  ),
  retried(
    'overtaken-letter',
    'what came to be since is not taken away by a dead letter',
    'if (await this.#isOver(letter, told, holdsRows))',
    'if (told < 0)',
  ),
  retried(
    'remove-with-insert',
    'a remove that joined a dead letter is tried again with it',
    'remove === undefined ? []',
    'remove !== null ? []',
  ),
  retried(
    'remove-before-insert',
    'a remove that joined a dead letter waits until that is taken',
    "op === 'insert' && seq < message.seq",
    'seq > message.seq',
  ),
  guardsOf('src/database/sinks/dead-letter-store.ts', suites, '(sqlite)')(
    'owed-remove',
    'a remove goes once its insert is taken, whatever else of its event is refused',
    'attempts === 0 && !isOwed',
    'attempts === 0',
  ),
  retried(
    'resent-letter',
    'what a replay may have brought is taken back, whatever had been refused before',
    'replay === 0 && !isResent',
    'replay === 0',
  ),
  numbered('op-in-seq', 'what comes counts more than what goes', "(op === 'insert' ? 1 : 0)", '0'),
  resumed(
    'another-epoch',
    'a target of another life of the pipeline stops the sink',
    'if (held.epoch !== head.epoch)',
    'if (held.epoch === null)',
  ),
  resumed(
    'target-ahead',
    'a target that is ahead of the journal stops the sink',
    'if (ahead > 0 || (ahead === 0 && place.pass.headBlock !== own.pass.headBlock))',
    'if (ahead === 0 && place.pass.headBlock !== own.pass.headBlock)',
  ),
  placed(
    'needed-version',
    'the journal stays that a pass which was cut off needs',
    "at === 'end' || from.version === 0 ? to.version : from.version",
    'to.version',
  ),
];

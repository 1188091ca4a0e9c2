import { expect } from 'chai';
import { ChainSimulator } from './chain-simulator.js';
import { damageAndRepair } from './damage-and-repair.js';
import { eachDatabaseInTurn } from './databases.js';
import type { TestDatabase } from './databases.js';
import { extentOf } from './extent.js';
import { runsFromSource } from './processes.js';
import { idsOf, idsOfLines, Scenario } from './scenario.js';
import { seededRandom } from './seeded-random.js';
import { eventually } from './within.js';

/** How many runs are killed per database. */
const kills = extentOf({ sample: 3, full: 6, soak: 100 });

/** For how long the receiver is away while a run lives on, in seconds. */
const outageSeconds = extentOf({ sample: 1, full: 3, soak: 60 });

/** A run lives for up to so long before it is killed. */
const longestLifeMs = runsFromSource ? 5_000 : 2_500;

/** A message as a receiver got it. */
export interface GotMessage {
  readonly id: string;
  readonly op: string;
  readonly seq: number;
  /** JSON. */
  readonly data: string;
}

/** What a sink of a pipeline delivers to, and how it is taken away and brought back. */
export interface Receiver {
  /** The sink's keys, as a definition has them. */
  readonly sink: Readonly<Record<string, unknown>>;
  readonly env: Record<string, string>;
  away(): Promise<void>;
  back(): Promise<void>;
  /** All that it was ever sent, in the order in which it has it. */
  got(): Promise<readonly GotMessage[]>;
}

/**
 * Declares that a receiver has what the table has, however often runs are killed, while it is away and the chain changes. What
 * is read from the databases is the same for all receivers: together they have each of them, `dialects` this one.
 */
export function describeReceiver(
  name: string,
  start: () => Promise<Receiver>,
  dialects: readonly TestDatabase['dialect'][],
): void {
  const suite = (database: TestDatabase): void => {
    it(`has what the table has after ${kills} kills, repairs, a --fresh and an outage, told in order`, async function () {
      this.timeout(kills * 30_000 + outageSeconds * 2_000 + 210_000);
      const node = await ChainSimulator.start({}, { finalizedDistance: 30 });
      const receiver = await start();
      const source = { mode: 'realtime', pollInterval: 0.05, below: [receiver.sink] } as const;
      const url = await database.fresh();
      const scenario = await Scenario.begin(url, node.url, source, receiver.env);
      node.mine(30);
      await killRuns(scenario, node, receiver, () => damageAndRepair(url, scenario, node.url));
      const run = scenario.run();
      await eventually(
        'the receiver has what the table has before an outage',
        () => caughtUp(scenario, node, receiver),
        90_000,
      );
      await receiver.away();
      for (let second = 0; second < outageSeconds; second++) {
        node.mine(2, (number) => Array.from({ length: number % 4 }, () => ({})));
        if (second % 7 === 0) node.reorg(5);
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      }
      await receiver.back();
      await eventually('the receiver has what the table has', () => caughtUp(scenario, node, receiver), 90_000);
      node.reorg(12);
      const again = 'it has what the table has once the chain has changed again';
      const told = await eventually(again, () => caughtUp(scenario, node, receiver), 90_000);
      expect(told.filter(({ op }) => op === 'remove')).to.have.length.above(0);
      expectOrder(told);
      run.signal('SIGTERM');
      expect((await run.exit()).code).to.equal(0);
      await node.stop();
      await receiver.away();
    });
  };
  eachDatabaseInTurn(`${name} behind runs that are killed while the chain changes`, suite, dialects);
}

async function killRuns(
  scenario: Scenario,
  node: ChainSimulator,
  receiver: Receiver,
  damage: () => Promise<void>,
): Promise<void> {
  const random = seededRandom(11);
  for (let killed = 0; killed < kills; killed++) {
    const run = scenario.run(...(killed === Math.floor(kills / 2) ? ['--fresh'] : []));
    const isAway = killed % 3 === 1;
    if (isAway) await receiver.away();
    // Every other one has begun to work by then, however busy the machine is.
    if (killed % 2 === 0) await run.output(/task \d+/);
    for (let turn = 0; turn < 5; turn++) {
      node.mine(1 + turn, (number) => Array.from({ length: number % 4 }, () => ({})));
      await new Promise((resolve) => setTimeout(resolve, 50 + (random() * longestLifeMs) / 5));
      if (turn % 2 === 1) node.reorg(1 + ((killed * 7 + turn) % 20));
    }
    await run.kill();
    if (isAway) await receiver.back();
    if (killed % 4 === 2) await damage();
  }
}

/** Returns all that a receiver was told once that comes to what is stored, and what is stored is all of the chain. */
async function caughtUp(
  scenario: Scenario,
  node: ChainSimulator,
  receiver: Receiver,
): Promise<readonly GotMessage[] | null> {
  const stored = await scenario.exportedLines();
  if (idsOfLines(stored).join() !== idsOf(node.canonicalLogs()).join()) return null;
  const messages = await receiver.got();
  return keptOf(messages).join('\n') === [...stored].sort().join('\n') ? messages : null;
}

/** What a reader has that drops repetitions, and of the messages of each id takes the one with the highest number. */
function keptOf(messages: readonly GotMessage[]): readonly string[] {
  const newest = new Map<string, GotMessage>();
  for (const message of messages)
    if (message.seq > (newest.get(message.id)?.seq ?? -1)) newest.set(message.id, message);
  return [...newest.values()].flatMap(({ op, data }) => (op === 'insert' ? [data] : [])).sort();
}

/**
 * Whatever was sent again, what was told first came in its order, and what was taken back had been told. A delivery goes by
 * blocks: what a repair changed far below comes before newer blocks that were yet to be told, though its numbers are higher.
 */
function expectOrder(messages: readonly GotMessage[]): void {
  const name = ({ id, op, seq }: GotMessage): string => `${id} ${op} ${seq}`;
  const first = new Map(messages.toReversed().map((message) => [name(message), message]));
  const inOrder = messages.filter((message) => first.get(name(message)) === message);
  const last = new Map<string, number>();
  let before: Place = { block: -1, log: -1, seq: -1 };
  for (const message of inOrder) {
    const { id, op, seq } = message;
    expect(op === 'insert' || last.has(id), 'what is taken back was told').to.equal(true);
    expect(seq, `${id}: each number is above the one before`).to.be.above(last.get(id) ?? -1);
    last.set(id, seq);
    if (op === 'remove') continue;
    const place = placeOf(message);
    const goesOn = place.block > before.block || (place.block === before.block && place.log > before.log);
    expect(goesOn || place.seq > before.seq, `${name(message)} comes in its order`).to.equal(true);
    before = place;
  }
}

interface Place {
  readonly block: number;
  readonly log: number;
  readonly seq: number;
}

function placeOf({ data, seq }: GotMessage): Place {
  const event = JSON.parse(data) as { readonly block_number: number; readonly log_index: number };
  return { block: event.block_number, log: event.log_index, seq };
}

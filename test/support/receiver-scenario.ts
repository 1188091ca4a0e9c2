import { expect } from 'chai';
import { messageOf } from '../../src/runtime/errors.js';
import { ChainSimulator } from './chain-simulator.js';
import type { Child } from './child.js';
import { damageAndRepair } from './damage-and-repair.js';
import { eachDatabaseInTurn } from './databases.js';
import type { TestDatabase } from './databases.js';
import { extentOf } from './extent.js';
import { idsOf, idsOfLines, Scenario } from './scenario.js';
import { seededRandom } from './seeded-random.js';
import { eventually } from './within.js';

/** How many runs are killed per database. */
const kills = extentOf({ sample: 3, full: 6, soak: 100 });

/** For how long the receiver is away while a run lives on, in seconds. */
const outageSeconds = extentOf({ sample: 1, full: 3, soak: 60 });

/** For how long what is awaited may take on a busy machine. */
const patienceMs = 90_000;

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
      this.timeout(kills * 60_000 + outageSeconds * 2_000 + 4 * patienceMs);
      const node = await ChainSimulator.start({}, { finalizedDistance: 30 });
      const receiver = await start();
      const source = { mode: 'realtime', pollInterval: 0.1, below: [receiver.sink] } as const;
      const url = await database.fresh();
      // Lives would be over before what is new were believed.
      const scenario = await Scenario.begin(url, node.url, source, { ...receiver.env, CHAINPARSE_DOUBT: '0' });
      const played: Played = { scenario, node, receiver };
      node.mine(50);
      let repaired = 0;
      await killRuns(played, async () => {
        repaired += await damageAndRepair(url, scenario, node.url);
      });
      expect(repaired, 'rows that were put right').to.be.above(0);

      const run = scenario.run();
      const before = await whenCaughtUp(played, run, 'the receiver has what the table has before an outage');
      expect(before.filter(({ op }) => op === 'remove').length, 'what was taken back so far').to.be.above(0);
      await receiver.away();
      for (let second = 0; second < outageSeconds; second++) {
        mine(node, 2);
        if (second % 7 === 0) node.reorg(5);
        await pause(1_000);
      }
      await run.output(failing, patienceMs);
      await receiver.back();
      await whenCaughtUp(played, run, 'the receiver has what the table has');
      node.reorg(12);
      const again = 'it has what the table has once the chain has changed again';
      expectOrder(await whenCaughtUp(played, run, again));
      run.signal('SIGTERM');
      expect((await run.exit()).code).to.equal(0);
      await node.stop();
      await receiver.away();
    });
  };
  eachDatabaseInTurn(`${name} behind runs that are killed while the chain changes`, suite, dialects);
}

interface Played {
  readonly scenario: Scenario;
  readonly node: ChainSimulator;
  readonly receiver: Receiver;
}

/** What a run writes whose sink meets a receiver that is away. */
const failing = /"event":"sink\.failing"/;

/** Starts runs, and kills each at some moment behind its first deliveries, or behind one that was tried in vain. */
async function killRuns(played: Played, damage: () => Promise<void>): Promise<void> {
  const { scenario, node, receiver } = played;
  const random = seededRandom(11);
  for (let killed = 0; killed < kills; killed++) {
    const isAway = killed % 3 === 1;
    const had = isAway ? 0 : (await receiver.got()).length;
    if (isAway) await receiver.away();
    const { number } = node.head;
    mine(node, 3);
    const run = scenario.run(...(killed === Math.floor(kills / 2) ? ['--fresh'] : []));
    // Every other one is killed amidst what it has yet to tell; before the others all is told, so that it is taken back later.
    const isNews = (message: GotMessage): boolean => killed % 2 === 1 || placeOf(message).block > number;
    await run.output(isAway ? failing : /task \d+ runs/, patienceMs);
    if (!isAway) await until(played, run, 'a run delivers', async () => (await receiver.got()).slice(had).some(isNews));
    for (let turn = 0; turn < 4; turn++) {
      if (turn % 2 === 0) mine(node, 1 + turn);
      else node.reorg(5 + ((killed * 7 + turn) % 16));
      await pause(random() * 300);
    }
    await run.kill();
    if (isAway) await receiver.back();
    if (killed % 4 === 2) await damage();
  }
}

function mine(node: ChainSimulator, count: number): void {
  node.mine(count, (number) => Array.from({ length: number % 4 }, () => ({})));
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Returns all that a receiver was told once that comes to what is stored, and what is stored is all of the chain. */
async function whenCaughtUp(played: Played, run: Child, what: string): Promise<readonly GotMessage[]> {
  const { scenario, node, receiver } = played;
  return await until(played, run, what, async () => {
    const stored = await scenario.exportedLines();
    if (idsOfLines(stored).join() !== idsOf(node.canonicalLogs()).join()) return null;
    const messages = await receiver.got();
    return keptOf(messages).join('\n') === [...stored].sort().join('\n') ? messages : null;
  });
}

/** Asks until there is something; throws with all that tells why where that takes too long, or the run is no more. */
async function until<T>(played: Played, run: Child, what: string, find: () => Promise<T>): Promise<NonNullable<T>> {
  try {
    return await eventually(
      what,
      () => {
        if (!run.isRunning) throw new Error(`the run has ended before ${what}`);
        return find();
      },
      patienceMs,
    );
  } catch (error) {
    throw new Error(`${messageOf(error)}\n${await stateOf(played)}\nthe run: ${run.stderr.slice(-8_000)}`, {
      cause: error,
    });
  }
}

async function stateOf({ scenario, node, receiver }: Played): Promise<string> {
  const stored = await scenario.exportedLines().catch(messageOf);
  const got = await receiver.got().catch(messageOf);
  const count = (list: readonly unknown[] | string): number | string => (typeof list === 'string' ? list : list.length);
  const kept = typeof got === 'string' ? got : keptOf(got);
  const sinks = await scenario.chainparse('sink', 'list', '45', '--json').catch(messageOf);
  const counts = `logs ${node.canonicalLogs().length}, stored ${count(stored)}, messages ${count(got)}, kept ${count(kept)}`;
  return `${counts}\nsinks: ${sinks}`;
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

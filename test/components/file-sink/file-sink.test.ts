import { expect } from 'chai';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../../support/seeded-random.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { SimJournal } from './sim-journal.js';
import { SimWorld } from './sim-world.js';

describe('a file sink', () => {
  it('names files by their blocks, aligned, and says what is complete', async () => {
    const journal = new SimJournal(150);
    const world = new SimWorld({ folder: temporaryFolder(), journal, blocks: 100 });
    journal.read(430, (block) => (block % 10 === 0 && (block < 200 || block >= 300) ? 2 : 0));
    journal.finalized = 420;
    const outbox = world.start();
    while (await outbox.step(4));
    expect(world.shown).to.deep.equal(['150-199.jsonl', '300-399.jsonl', '_chainparse.json']);
    expect(world.manifest?.complete).to.deep.equal({ from_block: 150, to_block: 399 });
    world.judge();
    journal.finalized = 430;
    while (await outbox.step(4));
    await outbox.settle(true);
    expect(world.names).to.deep.equal(['150-199.jsonl', '300-399.jsonl', '400-430.jsonl', '_chainparse.json']);
    world.judgeEnd();
  });
});

function quickFolder(): string {
  return existsSync('/dev/shm') ? mkdtempSync('/dev/shm/chainparse-test-') : temporaryFolder();
}

/** What goes wrong at a step. */
class Killed extends Error {}

describe('a file sink, whatever happens', () => {
  const folder = quickFolder();
  after(() => rmSync(folder, { recursive: true, force: true }));
  for (let seed = 0; seed < Number(process.env['SEEDS'] ?? 300); seed++) {
    it(`holds each row once (seed ${seed})`, async () => {
      await play(seed, join(folder, String(seed)));
      rmSync(join(folder, String(seed)), { recursive: true, force: true });
    });
  }
});

async function play(seed: number, folder: string): Promise<void> {
  const random = seededRandom(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const journal = new SimJournal(below(40));
  const world = new SimWorld({
    ...{ folder, journal, blocks: [5, 10, 25][below(3)] ?? 10, bytes: random() < 0.3 ? 100 : Infinity },
    afterMs: random() < 0.3 ? 60_000 : null,
  });
  const density = random() * 2;
  const rowsOf = (): number => Math.floor(random() * (1 + density));
  /** Of each process: at how many steps from now what happens. */
  const trouble = { in: Infinity, kind: 'throw' as 'throw' | 'kill' | 'freeze' };
  let frozen: (() => void)[] = [];
  const hook = (claim: number) => async (step: string) => {
    if (claim !== world.claim) return;
    if (trouble.in-- > 0) return;
    trouble.in = Infinity;
    if (trouble.kind === 'throw') throw new Error(`failed ${step}`);
    // Whoever waits for this process is told that it is gone.
    gone();
    await new Promise<void>((resolve) => {
      if (trouble.kind === 'freeze') frozen.push(resolve);
    });
  };
  let gone: () => void = () => undefined;
  const start = () => world.start(hook(world.claim + 1));
  let outbox = start();
  const work = async (what: () => Promise<unknown>): Promise<void> => {
    const killed = new Promise<never>((_resolve, reject) => (gone = () => reject(new Killed('killed'))));
    killed.catch(() => undefined);
    const done = what();
    done.catch(() => undefined);
    try {
      await Promise.race([done, killed]);
    } catch (error) {
      if (error instanceof Killed) outbox = start();
      else if (!(error as Error).message.startsWith('failed ')) throw error;
    }
  };
  let wish = 0;
  for (let turn = 0; turn < 80; turn++) {
    const dice = random();
    if (dice < 0.15) journal.read(journal.head + 1 + below(12), rowsOf, () => random() < 0.3);
    else if (dice < 0.2) {
      if (journal.head >= journal.start) {
        journal.repair(journal.start + below(journal.head - journal.start + 1), () => random() < 0.5, below(3));
      }
    } else if (dice < 0.22) journal.rewind(Math.max(journal.start, journal.head - below(20)));
    else if (dice < 0.24) journal.readAgainFrom(Math.max(journal.start, journal.head - below(30)));
    else if (dice < 0.34) journal.finalized = Math.max(journal.finalized, journal.head - below(6));
    else if (dice < 0.38) await world.clock.advance(40_000);
    else if (dice < 0.45) {
      trouble.in = below(12);
      trouble.kind = (['throw', 'kill', 'freeze'] as const)[below(3)] ?? 'throw';
    } else if (dice < 0.47) outbox = start();
    else if (dice < 0.49) {
      await work(() => outbox.settle(true));
      outbox = start();
    } else if (dice < 0.5) wish = 1 + below(journal.head + 1);
    else if (dice < 0.53) {
      for (const thaw of frozen.splice(0)) thaw();
      await new Promise((resolve) => setTimeout(resolve, 3));
    } else await work(() => outbox.step(1 + below(9), wish));
    world.judge();
  }
  trouble.in = Infinity;
  frozen.splice(0).forEach((thaw) => thaw());
  await new Promise((resolve) => setTimeout(resolve, 3));
  outbox = start();
  if (journal.head < journal.start) journal.read(journal.start + 5, rowsOf);
  journal.read(Math.max(journal.head, ...journal.rows.map(({ block }) => block)) + 1, rowsOf);
  journal.finalized = journal.head;
  while (await outbox.step(5));
  await outbox.settle(true);
  world.judge();
  world.judgeEnd();
}

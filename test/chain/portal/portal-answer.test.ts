import { Readable } from 'node:stream';
import { expect } from 'chai';
import { PortalAnswer } from '../../../src/chain/portal/portal-answer.js';
import type { PortalPiece } from '../../../src/chain/portal/portal-answer.js';
import { PortalBody } from '../../../src/chain/portal/portal-body.js';
import { PortalError } from '../../../src/chain/portal/portal-error.js';
import { systemClock } from '../../../src/runtime/clock.js';
import type { Clock } from '../../../src/runtime/clock.js';
import { Turns } from '../../../src/runtime/turns.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { rejectionOf } from '../../support/rejection.js';
import { within } from '../../support/within.js';
import { simContract, transferTopic } from '../../support/simulated-chain.js';

const { signal } = new AbortController();
const word = (value: number): string => `0x${value.toString(16).padStart(64, '0')}`;

interface MadeLine {
  header: { number: number; hash: string; parentHash: string; timestamp: number };
  logs: { address: string; logIndex: number; transactionIndex: number; [name: string]: unknown }[];
}

function lineOf(number: number, logs = 3): MadeLine {
  return {
    header: { number, hash: word(number), parentHash: word(number - 1), timestamp: number },
    logs: Array.from({ length: logs }, (_log, at) => ({
      ...{ logIndex: at, transactionIndex: at, transactionHash: word(at), address: simContract },
      ...{ data: '0x', topics: [transferTopic] },
    })),
  };
}

const timedLine = (number: number, timestamp: number): MadeLine => {
  const { header, logs } = lineOf(number);
  return { header: { ...header, timestamp: Math.floor(timestamp) }, logs };
};

const textOf = (lines: readonly unknown[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

function answerOf(lines: readonly unknown[], end = ''): PortalAnswer {
  return answerFrom(Readable.from([Buffer.from(textOf(lines) + end)]), systemClock);
}

function answerFrom(source: Readable, clock: Clock): PortalAnswer {
  const body = PortalBody.open(source, 'identity', { clock, silenceMs: 60_000, told: String });
  const isWanted = ({ address }: { readonly address: string }): boolean => address === simContract;
  return new PortalAnswer({ body, range: { from: 10, to: 20 }, isWanted, turns: new Turns(clock), clock });
}

const read = (lines: readonly unknown[], end?: string): Promise<PortalPiece> =>
  answerOf(lines, end).read(2 ** 20, signal);

describe("a portal's answer", () => {
  it('is read with its first and its last block, and those that hold something', async () => {
    const piece = await read([lineOf(10, 0), lineOf(14), lineOf(20, 0)]);
    expect(piece).to.include({ from: 10, to: 20, isLast: true });
    expect([piece.first?.number, piece.last.number]).to.deep.equal([10, 20]);
    expect(piece.logs.map(({ blockNumber, logIndex }) => [blockNumber, logIndex])).to.deep.equal([
      [14, 0],
      [14, 1],
      [14, 2],
    ]);
  });

  it('may give a block the time of the one before it, and one that this clock reaches within seconds', async () => {
    const soon = systemClock.now() / 1_000 + 5;
    expect(await read([timedLine(10, 9), timedLine(14, 9), timedLine(20, soon)])).to.include({ to: 20 });
  });

  it('may end early, and is then read up to its last block', async () => {
    expect(await read([lineOf(10), lineOf(14)])).to.include({ from: 10, to: 14, isLast: true });
  });

  it('may come piece by piece', async () => {
    const answer = answerOf([lineOf(10), lineOf(12), lineOf(20)]);
    expect(await answer.read(1, signal)).to.include({ from: 10, to: 10, isLast: false });
    expect(answer.rest).to.deep.equal({ from: 11, to: 20 });
    const second = await answer.read(1, signal);
    expect(second).to.include({ from: 11, to: 12, isLast: false, first: null });
    expect(await answer.read(1, signal)).to.include({ from: 13, to: 20, isLast: true });
  });

  it('is handed out with what has come after some seconds, and goes on from there', async () => {
    const clock = new FakeClock();
    const source = new Readable({ read: () => undefined });
    const answer = answerFrom(source, clock);
    const first = answer.read(2 ** 20, signal);
    // However long nothing comes, there is nothing to hand out.
    await clock.advance(30_000);
    source.push(textOf([lineOf(10, 0)]));
    expect(await within(5_000, first, () => 'it still waits')).to.include({ from: 10, to: 10, isLast: false });
    const second = answer.read(2 ** 20, signal);
    for (const number of [12, 14, 16, 18]) {
      source.push(textOf([lineOf(number, 0)]));
      await settle();
      await clock.advance(2_000);
    }
    expect(await within(5_000, second, () => 'it still waits')).to.include({ from: 11, to: 18, isLast: false });
    source.push(textOf([lineOf(20)]));
    expect(await answer.read(2 ** 20, signal)).to.include({ from: 19, to: 20, isLast: true });
  });

  it('may number the logs of each transaction anew', async () => {
    const line = lineOf(10, 2);
    line.logs[1] = { ...line.logs[1]!, logIndex: 0 };
    expect((await read([line])).logs).to.have.length(2);
  });

  const refused: Readonly<Record<string, readonly [lines: readonly unknown[], message: RegExp]>> = {
    'holds nothing': [[], /holds no block/],
    'begins with another block': [[lineOf(11)], /begins with block 11 instead of block 10/],
    'goes beyond what was asked for': [[lineOf(10), lineOf(21)], /block 21 is behind block 20/],
    'gives a block an earlier time than the one before it': [
      [lineOf(10), timedLine(14, 9)],
      /the time of block 14 is before that of an earlier block/,
    ],
    'gives a block a time in the future': [
      [lineOf(10), timedLine(14, systemClock.now() / 1_000 + 3_600)],
      /the time of block 14 is in the future/,
    ],
    'goes back': [[lineOf(10), lineOf(14), lineOf(13)], /block 13 comes behind block 14/],
    'repeats a block': [[lineOf(10), lineOf(10)], /block 10 comes behind block 10/],
    'holds a block of another parent': [
      [lineOf(10), { ...lineOf(11), header: { ...lineOf(11).header, parentHash: word(7) } }],
      /block 11 is not the child of block 10/,
    ],
    'holds a log that nobody asked for': [
      [{ ...lineOf(10), logs: [{ ...lineOf(10).logs[0], address: word(7).slice(0, 42) }] }],
      /a log that was not asked for/,
    ],
    'holds logs out of order': [[{ ...lineOf(10), logs: [...lineOf(10).logs].reverse() }], /not in order/],
    'holds logs twice': [[{ ...lineOf(10), logs: lineOf(10).logs.flatMap((log) => [log, log]) }], /not in order/],
    'holds a log without its place': [
      [{ ...lineOf(10), logs: [{ ...lineOf(10).logs[0], logIndex: undefined }] }],
      /logIndex is missing/,
    ],
    'holds a header without its parent': [
      [{ header: { number: 10, hash: word(10), timestamp: 1 } }],
      /parentHash is missing/,
    ],
    'holds something else': [[lineOf(10), ['no block']], /no JSON object|no quantity|a line is/],
  };
  for (const [what, [lines, message]] of Object.entries(refused)) {
    it(`is refused where it ${what}`, async () => {
      const error = await rejectionOf(read(lines), PortalError);
      expect(error.class).to.equal('malformed');
      expect(error.message).to.match(message);
    });
  }

  it('is refused where its last line is cut off, though it ends', async () => {
    expect(await rejectionOf(read([lineOf(10)], '{"header":{"num'), PortalError)).to.include({ class: 'malformed' });
  });
});

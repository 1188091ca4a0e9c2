import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { PortalBody } from '../../../src/chain/portal/portal-body.js';
import { PortalError } from '../../../src/chain/portal/portal-error.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { rejectionOf, thrownBy } from '../../support/rejection.js';

const { signal } = new AbortController();
const options = { clock: systemClock, silenceMs: 60_000, told: String };

function piecesOf(bytes: Buffer, length: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / length) }, (_piece, at) =>
    bytes.subarray(at * length, (at + 1) * length),
  );
}

async function linesOf(body: PortalBody): Promise<string[]> {
  const lines: string[] = [];
  for (let next = await body.next(signal); next !== null; next = await body.next(signal))
    lines.push(...next.toString().split('\n').slice(0, -1));
  return lines;
}

describe("the body of a portal's answer", () => {
  const lines = Array.from({ length: 500 }, (_line, at) => JSON.stringify({ at, text: 'é'.repeat(at) }));
  const text = Buffer.from(lines.map((line) => `${line}\n`).join(''));

  for (const length of [1, 7, 1_000, 10_000_000]) {
    it(`is cut into lines, packed or not, in pieces of ${length} bytes`, async () => {
      const packed = piecesOf(gzipSync(text), length);
      expect(await linesOf(PortalBody.open(Readable.from(packed), 'gzip', options))).to.deep.equal(lines);
      const plain = piecesOf(text.subarray(0, -1), Math.max(100, length));
      expect(await linesOf(PortalBody.open(Readable.from(plain), 'identity', options))).to.deep.equal(lines);
    });
  }

  it('is refused where it is packed in another way', () => {
    const open = (): unknown => PortalBody.open(Readable.from([]), 'br', options);
    expect(thrownBy(open, PortalError)).to.include({ class: 'malformed' });
  });

  it('is cut off where a few bytes become a line that is endless', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 2 ** 20, '{'), { level: 9 });
    let sent = 0;
    const source = Readable.from(piecesOf(bomb, 4_096).map((piece) => ((sent += 1), piece)));
    const body = PortalBody.open(source, 'gzip', options);
    const before = process.memoryUsage().rss;
    expect(await rejectionOf(linesOf(body), PortalError)).to.include({ class: 'malformed' });
    expect(sent).to.be.greaterThan(0);
    expect(process.memoryUsage().rss - before).to.be.lessThan(100 * 2 ** 20);
  });

  it('is cut off where a line that is not packed is endless', async () => {
    let sent = 0;
    const endless = function* (): Generator<Buffer> {
      for (;;) {
        sent += 2 ** 20;
        yield Buffer.alloc(2 ** 20, '{');
      }
    };
    const error = await rejectionOf(
      linesOf(PortalBody.open(Readable.from(endless()), 'identity', options)),
      PortalError,
    );
    expect(error).to.include({ class: 'malformed', message: 'a line of the answer is too long' });
    expect(sent).to.be.at.most(40 * 2 ** 20);
  });

  it('breaks off where nothing comes for a minute, and not while nobody wants more', async () => {
    const clock = new FakeClock();
    const source = new Readable({ read: () => undefined });
    const body = PortalBody.open(source, 'identity', { ...options, clock });
    source.push('{"a":1}\n');
    expect((await body.next(signal))?.toString()).to.equal('{"a":1}\n');
    await clock.advance(300_000);
    await clock.advance(20_000);
    const next = rejectionOf(body.next(signal), PortalError);
    await clock.advance(59_999);
    source.push('{"b":');
    await clock.advance(59_999);
    expect(source.destroyed).to.equal(false);
    await clock.advance(1);
    const message = 'the answer broke off: nothing came for 60 s';
    expect(await next).to.include({ class: 'away', message, tookMs: 60_000 });
  });

  it('is watched no longer once it was read to its end', async () => {
    const clock = new FakeClock();
    expect(
      await linesOf(PortalBody.open(Readable.from([Buffer.from('{}\n')]), 'identity', { ...options, clock })),
    ).to.deep.equal(['{}']);
    await settle();
    expect(clock.sleeping).to.equal(0);
  });
});

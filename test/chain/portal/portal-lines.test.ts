import { expect } from 'chai';
import fc from 'fast-check';
import { readPortalBlock } from '../../../src/chain/portal/portal-block.js';
import type { PortalBlock } from '../../../src/chain/portal/portal-block.js';
import { PortalLines } from '../../../src/chain/portal/portal-lines.js';
import { simContract, transferTopic } from '../../support/simulated-chain.js';

const word = (value: number): string => `0x${value.toString(16).padStart(64, '0')}`;

function lineOf(number: number, logs: number, changes: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    header: { number, hash: word(number), parentHash: word(number - 1), timestamp: 1_700_000_000 + number },
    logs: Array.from({ length: logs }, (_log, at) => ({
      logIndex: at,
      transactionIndex: at >> 1,
      transactionHash: word(number * 1_000 + (at >> 1)),
      address: simContract,
      data: `0x${'00'.repeat(at * 7)}`,
      // A line with an anonymous event is not read from its bytes.
      topics: [transferTopic, word(at), word(number)].slice(0, 1 + (at % 3)),
      ...(at === 1 ? changes : {}),
    })),
  });
}

/** What the reader makes of lines, a text where it refuses one. */
function read(lines: readonly string[]): readonly (PortalBlock | string)[] {
  const reader = new PortalLines();
  reader.take(Buffer.from(lines.map((line) => `${line}\n`).join('')));
  return lines.map(() => attempt(() => reader.next()));
}

function attempt(work: () => PortalBlock | null): PortalBlock | string {
  try {
    return work() ?? 'nothing';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('the lines of a portal', () => {
  it('are read from their bytes as JSON.parse reads them', () => {
    const lines = [lineOf(1, 9), lineOf(2, 1), '{"header":{"number":3,"hash":"x"}}', lineOf(4, 30)];
    expect(read(lines)).to.deep.equal(lines.map((line) => attempt(() => readPortalBlock(line))));
  });

  for (const [what, changes] of Object.entries({
    'another field': { extra: { deep: [1] } },
    'upper case': { address: simContract.toUpperCase().replace('X', 'x') },
    'an index that is a text': { logIndex: '7' },
    'an index that is negative': { logIndex: -1 },
    'an index that is no whole number': { logIndex: 1.5 },
    'an index that is too large': { logIndex: 2 ** 40 },
    'an escape': { data: '0x\u00e9' },
    'no topics': { topics: null },
    'an anonymous event': { topics: [] },
    'a text with a brace': { data: '0x},{' },
  })) {
    it(`may hold a log with ${what}`, () => {
      const lines = [lineOf(1, 5), lineOf(2, 5, changes), lineOf(3, 5)];
      expect(read(lines)).to.deep.equal(lines.map((line) => attempt(() => readPortalBlock(line))));
    });
  }

  it('are read alike, whatever stands in them', () => {
    const character = fc.constantFrom(...Array.from('{}[],:"0123456789abcdefx\\ '), 'header', 'logs', '"logIndex":');
    const property = fc.property(fc.nat(), fc.nat(6), fc.array(character), fc.nat(), (at, logs, inserted, cut) => {
      const whole = lineOf(5, logs);
      const place = at % whole.length;
      const spoilt = whole.slice(0, place) + inserted.join('') + whole.slice(place + (cut % 4));
      const lines = [lineOf(4, 3), spoilt, lineOf(6, 3)];
      expect(read(lines)).to.deep.equal(lines.map((line) => attempt(() => readPortalBlock(line))));
    });
    fc.assert(property, { numRuns: 2_000, seed: 20_240_115 });
  });
});

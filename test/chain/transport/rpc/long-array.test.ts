import { expect } from 'chai';
import type { Collector } from '../../../../src/chain/transport/rpc/json-rpc-answer.js';
import { parseAround } from '../../../../src/chain/transport/rpc/long-array.js';
import { systemClock } from '../../../../src/runtime/clock.js';
import { Turns } from '../../../../src/runtime/turns.js';

/** Parses what it is given, as one list. */
class Elements implements Collector {
  elements: unknown = null;

  async take(json: Buffer, from: number, end: number): Promise<void> {
    await Promise.resolve();
    this.elements = JSON.parse(`[${json.toString('utf8', from, end)}]`);
  }
}

async function read(text: string): Promise<{ readonly parsed: unknown; readonly elements: unknown }> {
  const collector = new Elements();
  const parsed = await parseAround(Buffer.from(text), collector, new Turns(systemClock));
  return { parsed, elements: collector.elements };
}

describe('an answer with one long array', () => {
  const list = '[{"a":1},{"a":[{"b":2}]}]';

  it('is parsed around it, and the array read by a collector', async () => {
    for (const [text, index] of [
      [`{"jsonrpc":"2.0","id":1,"result":${list}}`, null],
      [`{"result":${list},"id":1}\n`, null],
      [`[{"id":1,"result":null},{"id":2,"result":${list}}]`, 1],
      [`[{"id":2,"result":${list}},{"id":1,"result":{"number":"0x1"}}]`, 0],
      [`[{"id":2,"result":${list}},{"id":1,"result":{"list":[{"c":3}]}}]`, 0],
    ] as const) {
      const { parsed, elements } = await read(text);
      expect(elements, text).to.deep.equal(JSON.parse(list));
      const whole = JSON.parse(text) as { result: unknown } | { result: unknown }[];
      const holder = (Array.isArray(parsed) ? parsed[index ?? 0] : parsed) as { result: unknown };
      expect(holder.result).to.be.instanceOf(Elements);
      holder.result = JSON.parse(list);
      expect(parsed, text).to.deep.equal(whole);
    }
  });

  it('is to be parsed as a whole where it has no such array, or is no JSON', async () => {
    const long = `{"id":1,"result":${list}}`;
    for (const text of [
      '',
      'gateway timeout',
      '{"id":1,"result":[]}',
      '{"id":1,"result":["0x1"]}',
      '{"id":1,"error":{"message":"\\"result\\":[{"}}',
      long.slice(0, -1),
      long.slice(0, -3),
      `${long}x`,
      `{"id":1,"result":${list},"result":null}`,
      `{"id":1,"result":[{"a":1},{"a":]}`,
      `{"other":{"id":1,"result":${list}}}`,
    ]) {
      expect((await read(text)).parsed, text).to.equal(undefined);
    }
  });

  it('is to be parsed as a whole where it has two', async () => {
    const { parsed } = await read(`[{"id":1,"result":${list}},{"id":2,"result":${list}}]`);
    expect(parsed).to.equal(undefined);
  });
});

import { expect } from 'chai';
import type { EventFields } from '../../../src/components/seam/component.js';
import { eventMonitorFields } from '../../../src/components/event-monitor/event-fields.js';
import type { EventMonitorConfig } from '../../../src/components/event-monitor/config.js';
import type { AbiFragment } from '../../../src/model/pipeline.js';
import type { JsonValue } from '../../../src/model/event-message.js';
import { ProblemsError, problemText } from '../../../src/runtime/errors.js';
import { checkEvent } from '../../../src/tasks/preview/check-event.js';

const input = (name: string, type: string, more: object = {}) => ({ name, type, ...more });
const abi: readonly AbiFragment[] = [
  {
    type: 'event',
    name: 'Filled',
    inputs: [
      input('maker', 'address', { indexed: true }),
      input('note', 'string', { indexed: true }),
      input('amounts', 'uint8[2]'),
      input('order', 'tuple[]', { components: [input('price', 'int16'), input('open', 'bool')] }),
      input('salt', 'bytes4'),
      input('data', 'bytes'),
      input('text', 'string'),
    ],
  },
  { type: 'event', name: 'Set', inputs: [input('value', 'uint256')] },
  { type: 'event', name: 'Set', inputs: [input('value', 'address')] },
  { type: 'event', name: 'Moved', inputs: [input('src', 'address'), input('wad', 'uint256')] },
  { type: 'event', name: 'Moved', inputs: [input('from', 'address'), input('src', 'uint256')] },
];
const events = eventMonitorFields({ contracts: [{ abi }] } as unknown as EventMonitorConfig);
const one = `0x${'11'.repeat(20)}`;
const hash = `0x${'22'.repeat(32)}`;

function check(given: Readonly<Record<string, JsonValue>>): EventFields {
  return checkEvent('event', new Map(Object.entries(given)), { events, added: ['decimals'], chainId: 1 });
}

function problems(given: Readonly<Record<string, JsonValue>>): readonly string[] {
  try {
    check(given);
    return [];
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    return error.problems.map(problemText);
  }
}

const ofArguments = (args: JsonValue): readonly string[] => problems({ event_name: 'Filled', args });

describe('checkEvent', () => {
  it('takes an event as exports write it, and one of which all but the name is left out', () => {
    const args = {
      ...{ maker: one, note: { hash }, amounts: ['0', '255'], salt: '0x01020304', data: '0x', text: { hex: '0xff' } },
      order: [{ price: '-32768', open: true }],
    };
    const place = { chain: 'ethereum', chain_id: 1, pipeline_id: 45, block_number: 1, block_hash: hash, log_index: 0 };
    const whole = { ...place, block_time: null, timestamp: 5, event_name: 'Filled', args };
    expect(problems(whole)).to.deep.equal([]);
    expect(check({ event_name: 'Filled', decimals: 6 }).eventSignature).to.match(/^Filled\(/);
  });

  it('says of each argument what it must be', () => {
    const wrong = {
      ...{ maker: '0x12', note: 'text', amounts: [256, 1], salt: '0x01', data: 'x', text: 1, makr: one },
      order: [{ price: 40_000, open: 1, side: 'buy' }],
    };
    expect(ofArguments(wrong)).to.deep.equal([
      'event.args.maker: must be an address of 0x and 40 hex digits',
      'event.args.note: must be {"hash":"0x…"}, of 32 bytes: of what is indexed and long a log holds only that',
      'event.args.amounts.0: must be a whole number that fits uint8, its digits as a text',
      'event.args.salt: must be 0x and 8 hex digits',
      'event.args.data: must be 0x and an even number of hex digits',
      'event.args.text: must be a text',
      'event.args.makr: is unknown: the nearest known one is maker',
      'event.args.order.0.price: must be a whole number that fits int16, its digits as a text',
      'event.args.order.0.open: must be true or false',
      'event.args.order.0.side: is unknown: known are price, open',
    ]);
    expect(ofArguments({ amounts: ['1'], order: {} })).to.deep.equal([
      'event.args.amounts: must be a list of 2',
      'event.args.order: must be a list',
    ]);
    expect(ofArguments([])).to.deep.equal(['event.args: must be a mapping of names to values']);
    expect(problems({ event_name: 'Set', event_signature: 'Set(uint256)', args: { value: 1e30 } })).to.deep.equal([
      'event.args.value: is a number too large for JSON: write its digits as a text',
    ]);
  });

  it('tells events of one name apart by the signature, else by what fits', () => {
    expect(check({ event_name: 'Set', args: { value: one } }).eventSignature).to.equal('Set(address)');
    expect(check({ event_name: 'Set', args: { value: '1' } }).eventSignature).to.equal('Set(uint256)');
    const mixed = { event_name: 'Set', event_signature: 'Set(address)', args: { value: '1' } };
    expect(problems(mixed)).to.deep.equal(['event.args.value: must be an address of 0x and 40 hex digits']);
    expect(problems({ event_name: 'Filled', event_signature: 'Set(address)' })).to.deep.equal([
      'event.event_name: Filled is no event of the source; the nearest is Set',
    ]);
    expect(problems({ event_signature: 'Set(bool)' })).to.deep.equal([
      'event.event_signature: Set(bool) is no event of the source; the nearest is Set(uint256)',
    ]);
  });

  it('takes the arguments of an event as one of its contracts names them, and not as two do', () => {
    const ofMoved = (args: JsonValue): readonly string[] => problems({ event_name: 'Moved', args });
    expect(ofMoved({ src: one, wad: '5' })).to.deep.equal([]);
    expect(ofMoved({ from: one, src: '5' })).to.deep.equal([]);
    expect(check({ event_name: 'Moved', args: { from: one } }).eventSignature).to.equal('Moved(address,uint256)');
    expect(ofMoved({ from: one, wad: '5' })).to.have.length(1);
    expect(ofMoved({ src: one, wad: one })).to.deep.equal([
      'event.args.wad: must be a whole number that fits uint256, its digits as a text',
    ]);
  });

  it('refuses a name that is a signature, another chain, and the hash of a block without its number', () => {
    expect(problems({ event_name: 'Set(address)', chain_id: 56, block_hash: hash })).to.deep.equal([
      'event.event_name: Set(address) is not written as events export writes it',
      'event.block_number: is missing: block_hash stands for no number',
      "event.chain_id: must be 1, the source's chain",
    ]);
    expect(problems({})).to.deep.equal(['event.event_name: is missing: the source gives Filled, Set, Moved']);
  });
});

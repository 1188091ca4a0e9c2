import { expect } from 'chai';
import { eventToJson, undecodedToJson } from '../../src/model/event-json.js';
import { originOf } from '../../src/model/event-origin.js';
import { hashOf, makeEvent, makeUndecoded } from '../support/stored-logs.js';

const origin = originOf(45, { name: 'mainnet', id: 1 });
const chainId = 1;

describe('an event as JSON', () => {
  it('has every key in order, with its arguments as they are written', () => {
    const argsJson = '{"1":"a","0":"b","__proto__":"c","to":{"hash":"0x00"}}';
    const text = eventToJson({ ...makeEvent({ blockNumber: 18_000_001, argsJson }), chainId }, origin);
    expect(text).to.equal(
      `{"pipeline_id":45,"chain":"mainnet","chain_id":1,"block_number":18000001,"block_hash":"${hashOf(18_000_001)}",` +
        `"block_time":"2023-08-26T16:21:35Z","timestamp":1693066895,"transaction_hash":"${hashOf(0xabc)}",` +
        `"transaction_index":12,"log_index":0,"contract_address":"0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",` +
        `"event_name":"Transfer","event_signature":"Transfer(address,address,uint256)","args":${argsJson}}`,
    );
  });

  it('names the chain that the event was read from, where the definition has come to mean another', () => {
    const chainOf = (id: number): unknown =>
      (JSON.parse(eventToJson({ ...makeEvent({ blockNumber: 1 }), chainId: id }, origin)) as { chain: unknown }).chain;
    expect([1, 137, 31337].map(chainOf)).to.deep.equal(['mainnet', 'polygon', 'chain-31337']);
    expect(originOf(1, undefined).chainName(1)).to.equal('ethereum');
  });

  it('has no time where a block has none that a date can be', () => {
    const text = eventToJson({ ...makeEvent({ blockNumber: 1, timestamp: 9e15 }), chainId }, origin);
    expect(text).to.contain('"block_time":null,"timestamp":9000000000000000,');
  });
});

describe('an undecoded log as JSON', () => {
  it('has topics, data and the reason instead of name, signature and arguments', () => {
    const text = undecodedToJson({ ...makeUndecoded({ blockNumber: 1 }), chainId }, origin);
    expect(Object.keys(JSON.parse(text) as object)).to.deep.equal([
      'pipeline_id',
      'chain',
      'chain_id',
      'block_number',
      'block_hash',
      'block_time',
      'timestamp',
      'transaction_hash',
      'transaction_index',
      'log_index',
      'contract_address',
      'topics',
      'data',
      'reason',
    ]);
    expect(text).to.contain(`"topics":["${hashOf(1)}","${hashOf(2)}"],"data":"0xc0ffee","reason":"unknown_event"}`);
  });
});

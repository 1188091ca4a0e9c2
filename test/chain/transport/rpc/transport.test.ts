import { expect } from 'chai';
import { leadToOneNode } from '../../../../src/chain/transport/rpc/transport.js';

describe('two URLs', () => {
  for (const [one, other] of [
    ['https://eth.example/v3/key', 'wss://eth.example/ws/v3/key'],
    ['http://node:8545', 'ws://node:8546'],
    ['http://node:9000', 'ws://node:9000'],
  ] as const) {
    it(`lead to one node: ${one} and ${other}`, () => {
      expect([leadToOneNode(one, other), leadToOneNode(other, one)]).to.deep.equal([true, true]);
    });
  }

  for (const [one, other] of [
    ['https://eth.example/one', 'https://eth.example/other'],
    ['wss://eth.example/one', 'wss://eth.example/other'],
    ['https://one.example', 'wss://other.example'],
    ['http://127.0.0.1:8001', 'ws://127.0.0.1:8002'],
    ['no URL', 'ws://node:8546'],
  ] as const) {
    it(`may lead to two nodes: ${one} and ${other}`, () => {
      expect(leadToOneNode(one, other)).to.equal(false);
    });
  }
});

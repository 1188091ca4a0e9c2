import { expect } from 'chai';
import {
  capIn,
  earliestIn,
  retryAfterIn,
  suggestionIn,
} from '../../../../src/chain/transport/errors/rpc-error-hints.js';
import { patternOf, rpcErrorPatterns, sortError } from '../../../../src/chain/transport/errors/rpc-error-patterns.js';
import { RpcError, asksForLess, isDeclined, isRefusal } from '../../../../src/chain/transport/errors/rpc-error.js';
import type { RpcErrorClass } from '../../../../src/chain/transport/errors/rpc-error.js';
import { ChainUnreachableError } from '../../../../src/runtime/errors.js';
import { readRpcErrors, withCorpus } from '../../../support/corpus.js';
import { providerErrors } from './provider-errors.js';
import { rpcErrorActions } from './rpc-error-action.js';
import { failedCalls, refusedCalls, rpcErrorTexts } from './rpc-error-texts.js';

function actionOf(message: string, code?: number, status?: number): string {
  return rpcErrorActions[sortError(message, code, status)];
}

describe('the taxonomy of RPC errors', () => {
  for (const [action, texts] of Object.entries(rpcErrorTexts)) {
    it(`answers what providers write with "${action}"`, () => {
      const others = texts.filter((text) => actionOf(text, -32_000) !== action);
      expect(others).to.deep.equal([]);
    });
  }

  it('gives an example for each of its patterns, which is sorted by that pattern', () => {
    for (const entry of rpcErrorPatterns) {
      const [, provider, example] = entry;
      expect(provider).to.not.equal('');
      expect(patternOf(example)?.[3], `${provider}: ${example}`).to.equal(entry[3]);
    }
  });

  for (const [provider, kind, text, code, status = 200, cap] of providerErrors) {
    it(`takes ${provider}'s "${text.slice(0, 90)}" for ${kind}`, () => {
      expect(sortError(text, code, status)).to.equal(kind);
      if (cap !== undefined) expect(capIn(text)).to.equal(cap);
    });
  }

  it('reads the message before the code', () => {
    expect(actionOf('query returned more than 10000 results', -32_005)).to.equal('split');
    expect(actionOf('project ID request rate exceeded', -32_005)).to.equal('backoff');
    expect(actionOf('block range too large', -32_602)).to.equal('split');
  });

  it("takes a revert's reason for the contract's own words", () => {
    for (const reason of ['rate limit exceeded', 'header not found', 'missing trie node', 'timeout', 'quota']) {
      expect(actionOf(`execution reverted: ${reason}`, -32_000)).to.equal('answer');
      expect(actionOf(`${reason} (of a contract)`, 3)).to.not.equal('fatal');
    }
    expect(actionOf('VM execution error. (Reverted 0x08c379a0)', -32_015)).to.equal('answer');
    expect(actionOf('EVM error OutOfGas', -32_603)).to.equal('answer');
    expect(actionOf('EVM error; database error: failed to get account', -32_603)).to.equal('retry');
    expect(actionOf('out of CU', -32_000)).to.equal('stop-or-failover');
    expect(new RpcError('x', { class: 'revert', host: 'node' }).retryable).to.equal(false);
  });

  for (const text of refusedCalls) {
    it(`takes "${text}" for what a contract does with a call`, () => {
      for (const code of [undefined, 3, -32_000, -32_015, -32_603]) {
        expect(sortError(text, code, 200), String(code)).to.equal('revert');
        expect(sortError(`${text} (0x)`, code, 200), `${code}, with data`).to.equal('revert');
      }
    });
  }

  for (const text of failedCalls) {
    it(`does not take a node's "${text}" for a contract's refusal`, () => {
      for (const code of [undefined, -32_000, -32_015, -32_603]) {
        expect(sortError(text, code, 200), String(code)).to.not.equal('revert');
      }
    });
  }

  it('takes the code where the message says nothing, then the HTTP status', () => {
    expect(actionOf('', -32_005)).to.equal('backoff');
    expect(actionOf('no', -32_601)).to.equal('fatal-or-failover');
    expect(actionOf('no', -32_602)).to.equal('retry');
    expect(actionOf('no', 12, 429)).to.equal('backoff');
    expect(actionOf('no', undefined, 402)).to.equal('stop-or-failover');
    expect(actionOf('no', undefined, 504)).to.equal('split-or-retry');
    expect(actionOf('no', undefined, 520)).to.equal('retry');
    expect(actionOf('no', undefined, 418)).to.equal('fatal');
    expect(actionOf('no', undefined, 301)).to.equal('fatal-or-failover');
  });

  it('retries what it does not know', () => {
    const error = new RpcError('odd', { class: sortError('odd', 77, 200), host: 'node' });
    expect(error).to.include({ class: 'unknown', retryable: true, exitCode: 6 });
    expect(error.message).to.equal('node: odd');
  });

  it('tells of each class whether to ask for less, again, or somebody else', () => {
    const split = ['split', 'split-or-retry'];
    const again = ['split-or-retry', 'backoff', 'retry', 'not-for-logs', 'unbatch'];
    const elsewhere = ['stop-or-failover', 'fatal-or-failover'];
    for (const [kind, action] of Object.entries(rpcErrorActions)) {
      const error = new RpcError('odd', { class: kind as RpcErrorClass, host: 'node' });
      expect(asksForLess(error), kind).to.equal(split.includes(action));
      expect(error.retryable, kind).to.equal(again.includes(action));
      expect(isRefusal(error), kind).to.equal(elsewhere.includes(action));
    }
  });

  it('tells whoever may ask in another way from whoever would meet with the same', () => {
    const errorOf = (kind: RpcErrorClass, lostConnection = false): RpcError =>
      new RpcError('odd', { class: kind, host: 'node', lostConnection });
    const kinds = Object.keys(rpcErrorActions) as RpcErrorClass[];
    const others = kinds.filter((kind) => !isDeclined(errorOf(kind)));
    expect(others).to.have.members(['rate-limit', 'lag', 'transport']);
    for (const kind of kinds) expect(isDeclined(errorOf(kind, true)), kind).to.equal(false);
    expect(isDeclined(new ChainUnreachableError('refused', { cause: errorOf('quota') }))).to.equal(true);
    expect(isDeclined(new ChainUnreachableError('away', { cause: errorOf('timeout', true) }))).to.equal(false);
    expect(isDeclined(new ChainUnreachableError('nobody is left'))).to.equal(false);
  });

  withCorpus('on recorded errors', () => {
    const errors = readRpcErrors().filter((recorded) => recorded.error !== null);
    for (const { id, error, httpStatus, action } of errors) {
      it(`answers ${id} with ${action}`, () => {
        expect(actionOf(error?.message ?? '', error?.code, httpStatus ?? undefined)).to.equal(action);
      });
    }
  });
});

describe('hints in RPC errors', () => {
  const caps: readonly (readonly [string, number | undefined])[] = [
    ['requested too many blocks from 1048576 to 17825792, maximum is set to 30', 30],
    ['eth_getLogs block range too large, range: 855077, max: 3500', 3_500],
    ['exceed maximum block range: 50000', 50_000],
    ['eth_getLogs is limited to a 1000 blocks range', 1_000],
    ['eth_getLogs is limited to 0 - 50 blocks range', 50],
    ['eth_getLogs is limited to a 10,000 range', 10_000],
    ['too wide blocks range, the limit is 100', 100],
    ['You can make eth_getLogs requests with up to a 500 block range. This should work: [0x1a30dfd, 0x1a30ff0]', 500],
    ['ranges over 10000 blocks are not supported on free plan', 10_000],
    ['maximum [from, to] blocks distance: 2000', 2_000],
    ['eth_getLogs range is too large, max is 1k blocks', 1_000],
    ['block range greater than 2000 max', 2_000],
    ['GetLogs query must be smaller than size 1024', 1_024],
    ['exceeds the range allowed for your plan (50000 > 10000).', 10_000],
    ['block range is bigger than maxBlockRange', undefined],
    ['block range too large', undefined],
  ];
  for (const [text, cap] of caps) it(`reads ${cap ?? 'no cap'} in "${text}"`, () => expect(capIn(text)).to.equal(cap));

  it('reads a suggested range, in hex or in decimals, in the text or in the data', () => {
    const hex = 'Based on your parameters, this block range should work: [0x1a30dfd, 0x1a30ff0]';
    expect(suggestionIn(hex)).to.deep.equal({ from: 0x1a30dfd, to: 0x1a30ff0 });
    const decimal = 'query exceeds max results 20000, retry with the range 25766988-25775072';
    expect(suggestionIn(decimal)).to.deep.equal({ from: 25_766_988, to: 25_775_072 });
    expect(suggestionIn('too much', { from: '0x10', to: '0x1f', limit: 10 })).to.deep.equal({ from: 16, to: 31 });
  });

  it('reads no range where there is none, or one that runs backwards', () => {
    expect(suggestionIn('block range too large')).to.equal(undefined);
    expect(suggestionIn('try the range 500-100')).to.equal(undefined);
    expect(suggestionIn('too much', { from: 3, to: null })).to.equal(undefined);
  });

  it('reads the first block that a node keeps, and none where a word only ends like those that announce it', () => {
    expect(earliestIn('History is pruned. Earliest available block is 0x112a880')).to.equal(18_000_000);
    expect(earliestIn('height is not available (requested height: 7, base height: 155251499)')).to.equal(155_251_499);
    expect(earliestIn('database error: block 17000000 has been pruned')).to.equal(undefined);
  });

  it('reads how long to wait in the header, the data or the text', () => {
    const wait = (text: string, data?: unknown, header?: string): number | undefined =>
      retryAfterIn(text, data, header, Date.UTC(2024, 0, 1));
    expect(wait('', undefined, '7')).to.equal(7_000);
    expect(wait('', undefined, 'Mon, 01 Jan 2024 00:00:09 GMT')).to.equal(9_000);
    expect(wait('', { rate: { backoff_seconds: 30 } })).to.equal(30_000);
    expect(wait('call rate limit exhausted, retry in 10s')).to.equal(10_000);
    expect(wait('call rate limit exhausted, retry in 10m0s')).to.equal(600_000);
    expect(wait('try again in 250ms')).to.equal(250);
    expect(wait('wait 2 minutes')).to.equal(120_000);
    expect(wait('too many requests', { rate: {} }, '')).to.equal(undefined);
    expect(wait('too many requests', undefined, 'Sun, 31 Dec 2023 00:00:00 GMT')).to.equal(undefined);
  });
});

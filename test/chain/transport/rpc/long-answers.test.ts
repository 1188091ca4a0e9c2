import { expect } from 'chai';
import { LogCollector } from '../../../../src/chain/logs/log-json/log-collector.js';
import { JsonRpcEndpoint } from '../../../../src/chain/transport/rpc/json-rpc.js';
import { systemClock } from '../../../../src/runtime/clock.js';
import { RawServer } from '../../../support/raw-server.js';
import { toHex } from '../../../support/simulated-chain.js';
import { rawLog, word } from '../../abi/log-fixtures.js';

const signal = new AbortController().signal;
const logsPerAnswer = 4_000;

/** The answer to a request for the logs of one block: more than a megabyte, and all of it of that block. */
function answerTo(body: string): string {
  const { id, params } = JSON.parse(body) as { id: number; params: [{ fromBlock: string }] };
  const block = Number(params[0].fromBlock);
  const logs = Array.from({ length: logsPerAnswer }, (_, index) => {
    const log = rawLog([word(block)], word(block * logsPerAnswer + index));
    return {
      ...log,
      blockTimestamp: undefined,
      blockNumber: toHex(block),
      transactionIndex: '0x0',
      logIndex: toHex(index),
    };
  });
  return JSON.stringify({ jsonrpc: '2.0', id, result: logs });
}

describe('long answers', () => {
  it('are each read from bytes of their own, several at a time and one after the other', async () => {
    const server = await RawServer.start({
      http: (request, response) => {
        let body = '';
        request.setEncoding('utf8').on('data', (part: string) => (body += part));
        request.on('end', () => response.end(answerTo(body)));
      },
    });
    const endpoint = new JsonRpcEndpoint({ url: server.url, clock: systemClock });
    const read = async (block: number): Promise<void> => {
      const call = {
        method: 'eth_getLogs',
        params: [{ fromBlock: toHex(block), toBlock: toHex(block) }],
        collect: () => new LogCollector(),
      };
      const [outcome] = await endpoint.batch([call], signal);
      const logs = outcome?.ok === true ? (outcome.value as LogCollector).logs : [];
      const expected = Array.from({ length: logsPerAnswer }, (_, index) => word(block * logsPerAnswer + index));
      expect(logs.map(({ data }) => data)).to.deep.equal(expected);
    };
    for (let round = 0; round < 3; round++) await Promise.all([1, 2, 3].map((block) => read(10 * round + block)));
    await endpoint.close();
    await server.stop();
  });
});

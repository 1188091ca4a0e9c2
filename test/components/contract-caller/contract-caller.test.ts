import { AbiCoder, encodeBytes32String, id } from 'ethers';
import { expect } from 'chai';
import { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import type { ChainAccess } from '../../../src/chain/chains.js';
import type { StageContext } from '../../../src/components/seam/stage.js';
import { contractCaller } from '../../../src/components/contract-caller/kind.js';
import type { ContractCallerConfig } from '../../../src/components/contract-caller/config.js';
import type { Database } from '../../../src/database/database.js';
import type { EventMessage } from '../../../src/model/event-message.js';
import { MessageData } from '../../../src/model/event-message.js';
import { AbiResolver } from '../../../src/pipeline/definition/resolve-abi.js';
import { ChainUnreachableError } from '../../../src/runtime/errors.js';
import { ContractNode } from '../../support/contract-node.js';
import { eachDatabase } from '../../support/databases.js';
import { HastyClock } from '../../support/hasty-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { openMigrated } from '../../support/migrated-database.js';
import { rejectionOf } from '../../support/rejection.js';
import { makeEvent, storeLogs } from '../../support/stored-logs.js';

const coder = AbiCoder.defaultAbiCoder();
const encoded = (type: string, value: unknown): string => coder.encode([type], [value]);
const selector = (signature: string): string => id(signature).slice(0, 10);
const token = (number: number): string => `0x${number.toString(16).padStart(40, 'a')}`;
const holder = `0x${'c'.repeat(40)}`;

/** A token of 6 decimals; of those with an odd number the symbol is 32 bytes. */
function tokenOf(number: number): (data: string, block: number) => string | null {
  return (data, block) => {
    if (data === selector('decimals()')) return encoded('uint8', 6);
    const symbol = `T${number}`;
    if (data === selector('symbol()'))
      return number % 2 === 1 ? encodeBytes32String(symbol) : encoded('string', symbol);
    if (data.startsWith(selector('balanceOf(address)'))) return encoded('uint256', BigInt(block));
    return null;
  };
}

interface MessageOptions {
  readonly op?: 'insert' | 'remove';
  readonly target?: string;
  readonly logIndex?: number;
  readonly hash?: string;
}

function messageOf(
  blockNumber: number,
  { op = 'insert', target = token(0), logIndex = 0, hash }: MessageOptions = {},
): EventMessage {
  const blockHash = hash ?? ContractNode.hash(blockNumber);
  const data = { contract_address: target, args: { to: holder }, already: 1 };
  const place = {
    chainId: 1,
    blockNumber,
    blockHash,
    timestamp: 0,
    transactionHash: `0x${'1'.repeat(64)}`,
    transactionIndex: 0,
    logIndex,
    contractAddress: target,
  };
  const event = { eventName: 'Transfer', eventSignature: 'Transfer()' };
  return {
    id: `1:${blockHash}:${logIndex}`,
    op,
    seq: 1,
    rank: 1,
    place,
    ...event,
    data: MessageData.ofText(JSON.stringify(data)),
  };
}

const dynamic = { contract_address_field: 'contract_address', abi_path: 'builtin:erc20' };
const decimals = { ...dynamic, method_name: 'decimals', result_key: 'decimals', block: 'immutable' };
const symbol = { ...dynamic, method_name: 'symbol', result_key: 'symbol', block: 'immutable' };
const balance = { ...dynamic, method_name: 'balanceOf', method_params: ['args.to'], result_key: 'balance' };

const without = (key: string, keys: object): object =>
  Object.fromEntries(Object.entries(keys).filter(([name]) => name !== key));

function configOf(...callers: readonly object[]): Promise<ContractCallerConfig> {
  const abis = new AbiResolver(null, () => Promise.reject(new Error('none is stored')));
  return contractCaller.schema(abis).then((schema) => schema.parseAsync({ contract_callers: callers }));
}

eachDatabase('a contract caller', (databases) => {
  let database: Database;
  let node: ContractNode;
  let client: ChainClient;
  let logger: MemoryLogger;
  let context: StageContext;

  before(async () => {
    database = await openMigrated(await databases.fresh());
  });
  after(() => database.close());
  beforeEach(async () => {
    await database.knex('call_result').delete();
    await database.knex('event').delete();
    node = await ContractNode.start();
    for (let number = 0; number < 10; number++) node.contracts.set(token(number), tokenOf(number));
    logger = new MemoryLogger();
    client = clientOf(node.url);
    context = { logger, moved: () => Promise.resolve(), signal: new AbortController().signal };
  });
  afterEach(() => Promise.all([client.close(), node.stop()]));

  const clientOf = (...urls: readonly string[]): ChainClient =>
    new ChainClient({ urls, chainId: 1, clock: new HastyClock(), logger, requestTimeoutMs: 200_000 });

  const openConfig = (config: ContractCallerConfig, isPreview = false) =>
    contractCaller.open(config, {
      ...{ pipelineId: 45, name: 'tokens', database: isPreview ? null : database },
      chain: { client } as unknown as ChainAccess,
    });
  const open = async (callers: readonly object[], isPreview = false) =>
    openConfig(await configOf(...callers), isPreview);
  const fieldsOf = (messages: readonly EventMessage[]): unknown =>
    messages.map(({ data }) => JSON.parse(data.text) as unknown);
  const run = async (callers: readonly object[], ...messages: readonly EventMessage[]): Promise<unknown> =>
    fieldsOf(await (await open(callers)).map(messages, context));
  const kept = async (): Promise<number> =>
    (await database.read<object[]>((knex) => knex('call_result').select('outcome'))).length;

  it('asks 10 tokens for what never changes 40 times for 1,000 events, at two blocks each, and never again', async () => {
    const messages = Array.from({ length: 1_000 }, (_each, n) =>
      messageOf(1 + Math.floor(n / 10), { target: token(n % 10), logIndex: n % 10 }),
    );
    const stage = await open([decimals, symbol]);
    const mapped = [
      ...(await stage.map(messages.slice(0, 500), context)),
      ...(await stage.map(messages.slice(500), context)),
    ];
    expect(mapped).to.have.length(1_000);
    for (const [n, message] of mapped.entries()) {
      expect(JSON.parse(message.data.text)).to.include({ decimals: 6, symbol: `T${n % 10}`, already: 1 });
    }
    expect(node.asked).to.have.length(40);
    expect(await kept()).to.equal(20);
    await run([decimals, symbol], ...messages);
    expect(node.asked).to.have.length(40);
  });

  it('makes them one call of Multicall3 where that is there, and one more to confirm them', async () => {
    node.multicallFrom = 50;
    const messages = Array.from({ length: 10 }, (_each, n) => messageOf(60, { target: token(n), logIndex: n }));
    const mapped = (await run([decimals, symbol], ...messages)) as { symbol: string }[];
    expect(mapped.map((each) => each.symbol)).to.deep.equal(Array.from({ length: 10 }, (_each, n) => `T${n}`));
    expect(node.asked).to.have.length(2);
  });

  it('asks again by itself what failed inside of Multicall3', async () => {
    node.multicallFrom = 0;
    node.contracts.set(token(3), (data) => (data === selector('decimals()') ? null : encoded('string', 'B')));
    const messages = Array.from({ length: 5 }, (_each, n) => messageOf(60, { target: token(n), logIndex: n }));
    const mapped = (await run([decimals], ...messages)) as { decimals: number | null }[];
    expect(mapped.map((each) => each.decimals)).to.deep.equal([6, 6, 6, null, 6]);
    const once = ['0xca11bde05977b3631167028862be2a173976ca11', token(3)];
    expect(node.asked.map(({ to }) => to)).to.deep.equal([...once, ...once]);
  });

  it('pins a call to the block of its event, by its hash, and makes each once', async () => {
    const messages = [5, 5, 6, 6, 7].map((block, logIndex) => messageOf(block, { logIndex }));
    const mapped = (await run([balance], ...messages)) as { balance: number }[];
    expect(mapped.map((each) => each.balance)).to.deep.equal([5, 5, 6, 6, 7]);
    expect(node.asked.map(({ block }) => block)).to.have.members([5, 6, 7].map((number) => ContractNode.hash(number)));
    expect(node.methods).to.not.include('eth_getBlockByNumber');
  });

  for (const how of ['refused', 'ignored'] as const) {
    it(`names a block by its number where hashes are ${how}, and looks whether it is the one`, async () => {
      node.hashesAre = how;
      expect(await run([balance], messageOf(5))).to.deep.equal([
        { contract_address: token(0), args: { to: holder }, already: 1, balance: 5 },
      ]);
      expect(node.asked.map(({ block }) => block)).to.deep.equal(['0x5']);
      node.hashes.set(6, `0x${'9'.repeat(64)}`);
      await storeLogs(database, 45, { events: [makeEvent({ blockNumber: 6, blockHash: ContractNode.hash(6) })] });
      const error = await rejectionOf(run([balance], messageOf(6)), ChainUnreachableError);
      expect(error.message).to.contain('no endpoint knows block 6 (yet)');
    });
  }

  it('takes a revert at two blocks for null, whatever its text, and keeps it', async () => {
    node.contracts.set(token(0), () => null);
    expect(await run([decimals], messageOf(5))).to.have.nested.property('[0].decimals', null);
    expect(await run([decimals], messageOf(6))).to.have.nested.property('[0].decimals', null);
    expect(node.asked.map(({ block }) => block)).to.deep.equal([ContractNode.hash(5), 'latest']);
  });

  it('tries again what passes, and never takes it for null', async () => {
    const failure = { code: -32005, message: 'too many requests' };
    node.failures = [failure, failure, failure];
    expect(await run([decimals], messageOf(5))).to.have.nested.property('[0].decimals', 6);
    node.failures = Array.from({ length: 500 }, () => ({ code: -32603, message: 'internal error' }));
    await rejectionOf(run([balance], messageOf(6)), ChainUnreachableError);
    expect(await kept()).to.equal(1);
    node.failures = [];
    expect(await run([balance], messageOf(6))).to.have.nested.property('[0].balance', 6);
  });

  it('takes an absurd answer for null with one warning, and goes on', async () => {
    node.contracts.set(token(1), () => encoded('uint256', 2n ** 255n));
    const messages = [messageOf(5, { target: token(1) }), messageOf(6, { target: token(1) }), messageOf(6)];
    const mapped = (await run([decimals], ...messages)) as { decimals: unknown }[];
    expect(mapped.map((each) => each.decimals)).to.deep.equal([null, null, 6]);
    expect(logger.messages('warn')).to.have.length(1);
    expect(logger.messages('warn')[0]).to.match(/^tokens: decimals of 0xa+1 is taken for null: its answer is no uint8/);
    const wide = [{ type: 'function', name: 'decimals', inputs: [], outputs: [{ type: 'uint256' }] }];
    expect(await run([{ ...without('abi_path', decimals), abi: wide }], messages[0]!)).to.have.nested.property(
      '[0].decimals',
      null,
    );
  });

  it('warns of one thing once, however many blocks meet it', async () => {
    node.contracts.set(token(1), (data) => (data === selector('symbol()') ? '0x' : encoded('uint8', 6)));
    const callers = [
      { ...symbol, block: 'event' },
      { ...balance, method_params: ['args.none'] },
    ];
    const messages = Array.from({ length: 12 }, (_each, n) => messageOf(n + 1, { target: token(1) }));
    const caller = await open(callers);
    for (const message of messages) await caller.map([message], context);
    expect(logger.messages('warn').map((text) => text.slice(0, 40))).to.deep.equal([
      "tokens: balanceOf can't be called: inval",
      'tokens: symbol of 0xaaaaaaaaaaaaaaaaaaaa',
    ]);
  });

  it('says of a stored definition’s value that its method never takes that nothing is ever asked', async () => {
    const config = await configOf(balance);
    const caller = await openConfig({ calls: config.calls.map((call) => ({ ...call, params: [true] })) });
    for (const block of [5, 6]) await caller.map([messageOf(block)], context);
    expect(logger.messages('warn')).to.deep.equal([
      "tokens: balanceOf can't be called for any event, so that its answer is always null: method_params.0 must be an address of 0x and 40 hex digits, not true",
    ]);
  });

  it('repeats for a remove what its insert had, without asking', async () => {
    const latest = { ...balance, block: 'latest', result_key: 'now' };
    const inserted = await run([balance, latest, decimals], messageOf(5));
    node.head = 200;
    node.hashes.set(5, `0x${'9'.repeat(64)}`);
    const asked = node.asked.length;
    expect(await run([balance, latest, decimals], messageOf(5, { op: 'remove' }))).to.deep.equal(inserted);
    expect(inserted).to.have.nested.property('[0].now', 100);
    expect(node.asked).to.have.length(asked);
  });

  it('sends no insert of an event whose block was gone before it could be asked', async () => {
    node.hashes.set(5, `0x${'9'.repeat(64)}`);
    await storeLogs(database, 45, { events: [makeEvent({ blockNumber: 5, blockHash: ContractNode.hash(5) })] });
    // As long as the pipeline holds it, the node may be the one that errs.
    await rejectionOf(run([balance], messageOf(5), messageOf(6)), ChainUnreachableError);
    await database.knex('event').delete();
    expect(await run([balance], messageOf(5), messageOf(6))).to.have.length(1);
    const asked = node.asked.length;
    // An earlier definition may have told it.
    expect(await run([balance], messageOf(5, { op: 'remove' }))).to.have.nested.property('[0].balance', null);
    expect(node.asked).to.have.length(asked);
    // The block comes back: its second life is told from its beginning to its end.
    node.hashes.clear();
    const both = await run([balance], messageOf(5, { op: 'remove' }), messageOf(5));
    expect((both as { balance: unknown }[]).map((each) => each.balance)).to.deep.equal([null, 5]);
    expect(await run([balance], messageOf(5, { op: 'remove' }))).to.have.nested.property('[0].balance', 5);
  });

  it('takes back what an earlier definition delivered without a call that has come since', async () => {
    expect(await run([balance], messageOf(5))).to.have.length(1);
    node.hashes.set(5, `0x${'9'.repeat(64)}`);
    const supply = { ...dynamic, method_name: 'totalSupply', result_key: 'supply' };
    expect(await run([balance, supply], messageOf(5, { op: 'remove' }))).to.deep.equal([
      { contract_address: token(0), args: { to: holder }, already: 1, balance: 5, supply: null },
    ]);
  });

  it('takes back what it delivered before its answer was forgotten and the state thrown away', async () => {
    expect(await run([balance], messageOf(5))).to.have.length(1);
    await database.knex('call_result').delete();
    node.statesFrom = 90;
    expect(await run([balance], messageOf(5, { op: 'remove' }))).to.have.nested.property('[0].balance', null);
  });

  it('asks the newest block for what never changes where older states are gone', async () => {
    node.statesFrom = 90;
    expect(await run([decimals], messageOf(5))).to.have.nested.property('[0].decimals', 6);
    await storeLogs(database, 45, { events: [makeEvent({ blockNumber: 5, blockHash: ContractNode.hash(5) })] });
    const error = await rejectionOf(run([balance], messageOf(5)), ChainUnreachableError);
    expect(error.message).to.equal('tokens: no endpoint keeps the state of block 5, whose contracts are called');
    expect(error.hint).to.contain('archive node');
  });

  it('asks an archive node for what another one has thrown away', async () => {
    const archive = await ContractNode.start();
    archive.contracts.set(token(0), tokenOf(0));
    node.statesFrom = 90;
    await client.close();
    client = clientOf(node.url, archive.url);
    expect(await run([balance], messageOf(5))).to.have.nested.property('[0].balance', 5);
    await archive.stop();
  });

  it('gives a block up that is gone, though another endpoint does not answer any more', async () => {
    const other = await ContractNode.start();
    await client.close();
    client = clientOf(node.url, other.url);
    await other.stop();
    node.hashes.set(5, `0x${'9'.repeat(64)}`);
    await storeLogs(database, 45, { events: [makeEvent({ blockNumber: 5, blockHash: ContractNode.hash(5) })] });
    const error = await rejectionOf(run([balance], messageOf(5)), ChainUnreachableError);
    expect(error.message).to.match(
      /no endpoint knows block 5 \(yet\), whose contracts are called; others could not be asked: the chain/,
    );
    await database.knex('event').delete();
    expect(await run([balance], messageOf(5), messageOf(6))).to.have.length(1);
  });

  it('waits for a node that is behind rather than asking an older state for the newest', async () => {
    node.head = 4;
    await rejectionOf(run([{ ...balance, block: 'latest' }], messageOf(5)), ChainUnreachableError);
    node.head = 7;
    expect(await run([{ ...balance, block: 'latest' }], messageOf(5))).to.have.nested.property('[0].balance', 7);
  });

  it('serves both names, a list for a method that is called twice, and never overwrites a field', async () => {
    const unnamed = without('result_key', decimals);
    const fixed = without('contract_address_field', unnamed);
    const twice = { ...fixed, contract_address: token(1) };
    expect(await run([unnamed], messageOf(5))).to.deep.equal([
      { contract_address: token(0), args: { to: holder }, already: 1, decimals: 6, decimals_result: 6 },
    ]);
    expect(await run([unnamed, twice], messageOf(5))).to.have.deep.nested.property('[0].decimals', [6, 6]);
    expect(await run([{ ...decimals, result_key: 'already' }], messageOf(5))).to.have.nested.property('[0].already', 1);
    expect(await run([{ ...decimals, event_name: 'Approval' }], messageOf(5))).to.not.have.nested.property(
      '[0].decimals',
    );
  });

  it('makes no call whose answer has no place of its own', async () => {
    const unnamed = without('result_key', decimals);
    expect(await run([{ ...decimals, result_key: 'args' }], messageOf(5))).to.deep.equal([
      { contract_address: token(0), args: { to: holder }, already: 1 },
    ]);
    expect(node.asked).to.have.length(0);
    // Of two names one is free.
    const mapped = await (await open([{ ...decimals, result_key: 'decimals' }])).map([messageOf(5)], context);
    expect(fieldsOf(await (await open([unnamed])).map(mapped, context))).to.have.nested.property(
      '[0].decimals_result',
      6,
    );
  });

  it('gives null where a call can not be made of what the event holds', async () => {
    const wrong = { ...balance, method_params: ['args.none'] };
    expect(await run([wrong], messageOf(5))).to.have.nested.property('[0].balance', null);
    expect(logger.messages('warn')[0]).to.match(/^tokens: balanceOf can't be called: /);
    expect(await run([{ ...decimals, contract_address_field: 'args.x' }], messageOf(5))).to.have.nested.property(
      '[0].decimals',
      null,
    );
    expect(node.asked).to.have.length(0);
  });

  describe('of two endpoints, of which the first errs', () => {
    let honest: ContractNode;

    beforeEach(async () => {
      honest = await ContractNode.start();
      honest.contracts.set(token(0), tokenOf(0));
      await client.close();
      client = clientOf(node.url, honest.url);
    });
    afterEach(() => honest.stop());

    for (const [name, answer] of [
      ['reverts', null],
      ['returns nothing', '0x'],
      ['returns too little', '0x06'],
    ] as const) {
      it(`takes the value of the other where one ${name}, and stores that`, async () => {
        node.contracts.set(token(0), () => answer);
        const expected = { decimals: 6, balance: 5 };
        const [event] = (await run([decimals, balance], messageOf(5))) as object[];
        expect(event).to.include(expected);
        node.contracts.clear();
        honest.contracts.clear();
        expect(await run([decimals, balance], messageOf(5))).to.deep.equal([event]);
        expect(logger.messages('warn')).to.deep.equal([]);
      });
    }

    it('neither stores nor delivers a value that never changes of which they tell different ones', async () => {
      let count = 0;
      for (const each of [node, honest]) each.contracts.set(token(0), () => encoded('uint8', count++));
      const caller = await open([decimals]);
      for (const block of [5, 6])
        expect(fieldsOf(await caller.map([messageOf(block)], context))).to.have.nested.property('[0].decimals', null);
      expect(await kept()).to.equal(0);
      expect(logger.messages('warn')).to.have.length(1);
    });

    it('delivers a null that can not be confirmed without storing it, with one warning for each contract', async () => {
      node.contracts.set(token(0), () => null);
      honest.failures = Array.from({ length: 500 }, () => ({ code: -32603, message: 'internal error' }));
      const caller = await open([decimals, balance]);
      for (const block of [5, 6])
        expect((fieldsOf(await caller.map([messageOf(block)], context)) as object[])[0]).to.include({
          decimals: null,
          balance: null,
        });
      expect(await kept()).to.equal(0);
      expect(logger.messages('warn')).to.deep.equal([
        `tokens: ${token(0)}: null is not confirmed, not stored, and requested again for the next event`,
      ]);
      honest.failures = [];
      expect((fieldsOf(await caller.map([messageOf(7)], context)) as object[])[0]).to.include({
        decimals: 6,
        balance: 7,
      });
      expect(await kept()).to.equal(2);
    });

    it('asks the other one again for a null that a limit or a late block kept it from confirming', async () => {
      node.contracts.set(token(0), () => null);
      for (const failure of [
        { code: -32005, message: 'rate limit exceeded' },
        { code: -32000, message: 'header not found' },
      ]) {
        await database.knex('call_result').delete();
        honest.failures = [failure, failure];
        expect(await run([balance], messageOf(5))).to.have.nested.property('[0].balance', 5);
      }
    });

    it('confirms a null with the one that tells it where the other has not got the state, or refuses', async () => {
      node.contracts.set(token(0), () => null);
      honest.statesFrom = 200;
      expect(await run([balance], messageOf(5))).to.have.nested.property('[0].balance', null);
      const refusal = { code: -32601, message: 'the method eth_call does not exist/is not available' };
      honest.failures = Array.from({ length: 500 }, () => refusal);
      expect(await run([balance], messageOf(6))).to.have.nested.property('[0].balance', null);
      expect(await kept()).to.equal(2);
    });

    it('keeps no one waiting for the other one where the answer is a value', async () => {
      const failure = { code: -32005, message: 'rate limit exceeded' };
      honest.failures = [failure, failure];
      expect(await run([decimals], messageOf(5))).to.have.nested.property('[0].decimals', 6);
      expect(honest.asked).to.have.length(1);
      expect(await kept()).to.equal(0);
    });
  });

  it('asks the only endpoint again later before it takes a null from it', async () => {
    let isDown = true;
    const clock = new HastyClock();
    await client.close();
    client = new ChainClient({ urls: [node.url], chainId: 1, clock, logger, requestTimeoutMs: 200_000 });
    node.contracts.set(
      token(0),
      (data, block) => (clock.sleptMs > 0 && (isDown = false), isDown ? null : tokenOf(0)(data, block)),
    );
    expect(await run([decimals, balance], messageOf(5))).to.deep.equal([
      { contract_address: token(0), args: { to: holder }, already: 1, decimals: 6, balance: 5 },
    ]);
    expect(await kept()).to.equal(2);
  });

  it('takes two of three answers for what never changes', async () => {
    const answers = [7, 6, 6];
    node.contracts.set(token(0), () => encoded('uint8', answers.shift()));
    expect(await run([decimals], messageOf(5))).to.have.nested.property('[0].decimals', 6);
    expect(await run([decimals], messageOf(6))).to.have.nested.property('[0].decimals', 6);
    // A token that has been renamed since keeps the name that it had.
    node.contracts.set(token(1), (_data, block) => encoded('string', block > 50 ? 'new' : 'old'));
    expect(await run([symbol], messageOf(5, { target: token(1) }))).to.have.nested.property('[0].symbol', 'old');
    expect(await kept()).to.equal(2);
  });

  it('stores what never changes only once the only endpoint has told it at another block', async () => {
    node.head = 5;
    const caller = await open([decimals]);
    expect(fieldsOf(await caller.map([messageOf(5)], context))).to.have.nested.property('[0].decimals', 6);
    expect(fieldsOf(await caller.map([messageOf(5)], context))).to.have.nested.property('[0].decimals', 6);
    expect(await kept()).to.equal(0);
    node.head = 6;
    expect(fieldsOf(await caller.map([messageOf(6)], context))).to.have.nested.property('[0].decimals', 6);
    expect(await kept()).to.equal(1);
    expect(node.asked).to.have.length(5);
  });

  it('asks again for a stored answer that is forgotten while it runs', async () => {
    const caller = await open([decimals]);
    await caller.map([messageOf(5)], context);
    node.contracts.set(token(0), () => encoded('uint8', 8));
    expect(fieldsOf(await caller.map([messageOf(6)], context))).to.have.nested.property('[0].decimals', 6);
    await database.knex('call_result').delete();
    expect(fieldsOf(await caller.map([messageOf(7)], context))).to.have.nested.property('[0].decimals', 8);
  });

  it('stores nothing for a preview', async () => {
    const stage = await open([decimals, balance], true);
    expect(fieldsOf(await stage.map([messageOf(5)], context))).to.have.nested.property('[0].balance', 5);
    expect(await kept()).to.equal(0);
  });
});

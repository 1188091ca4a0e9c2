import { expect } from 'chai';
import { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import { HeadFeed } from '../../../src/chain/blocks/head-feed.js';
import type { HeadNews } from '../../../src/chain/blocks/head-feed.js';
import type { BlockHeader } from '../../../src/model/block.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { toHex } from '../../support/simulated-chain.js';
import { openScripted, ScriptedEndpoint } from '../transport/endpoints/scripted-endpoints.js';
import { headerOf } from '../../support/simulated-node.js';
import { eventually } from '../../support/within.js';
import { MemoryLogger } from '../../support/memory-logger.js';

const never = new AbortController().signal;

function header(number: number, branch = '', parentBranch = branch): BlockHeader {
  const parentHash = `0x${number - 1}${parentBranch}`;
  return { number, hash: `0x${number}${branch}`, parentHash, timestamp: number * 12, logsBloom: undefined };
}

describe('a feed of heads that must ask', () => {
  let clock: FakeClock;
  let feed: HeadFeed;
  let asked: number;
  let answer: () => Promise<BlockHeader | null>;

  beforeEach(() => {
    clock = new FakeClock();
    asked = 0;
    answer = () => Promise.resolve(header(7));
    const chain = {
      telling: [],
      heard: () => undefined,
      heads: () => Promise.reject(new Error('not asked for')),
      isPutAside: () => false,
      lookBehind: () => Promise.resolve(false),
      head: () => {
        asked++;
        return answer();
      },
    };
    feed = new HeadFeed({ chain, chainId: 1, clock, logger: silentLogger });
  });

  it('asks at once, and then every poll interval, and tells of each answer', async () => {
    const first = await feed.next(0, 1_000, never);
    expect(first).to.include({ answers: 1 });
    expect(first.head).to.include({ number: 7 });
    const second = feed.next(first.answers, 1_000, never);
    await clock.advance(999);
    expect(asked).to.equal(1);
    await clock.advance(1);
    expect(await second).to.deep.equal({ head: header(7), answers: 2 });
    expect(asked).to.equal(2);
  });

  it('knows the head that was heard of lately, and asks nobody for it', async () => {
    expect(feed.recent(1_000)).to.equal(null);
    await feed.next(0, 1_000, never);
    await clock.advance(999);
    expect(feed.recent(1_000)).to.deep.equal(header(7));
    await clock.advance(1);
    expect(feed.recent(1_000)).to.equal(null);
    expect(asked).to.equal(1);
  });

  it('costs one question for all that wait, as often as the most hurried wants', async () => {
    await feed.next(0, 1_000, never);
    const slow = feed.next(1, 5_000, never);
    await clock.advance(200);
    const quick = feed.next(1, 1_000, never);
    await clock.advance(800);
    expect((await slow).answers).to.equal(2);
    expect((await quick).answers).to.equal(2);
    expect(asked).to.equal(2);
  });

  it('asks nothing while nobody waits, and at once when somebody does after a while', async () => {
    await feed.next(0, 1_000, never);
    await clock.advance(60_000);
    expect(asked).to.equal(1);
    // An answer of a minute ago is no news.
    expect((await feed.next(0, 1_000, never)).answers).to.equal(2);
    expect((await feed.next(0, 1_000, never)).answers).to.equal(2);
    expect(asked).to.equal(2);
  });

  it('asks on while what comes is no news, without waking anybody', async () => {
    const { answers } = await feed.next(0, 1_000, never);
    const heard: number[] = [];
    const next = feed.next(answers, 1_000, never, (told) => heard.push(told.answers) > 2);
    await clock.advance(3_000);
    expect((await next).answers).to.equal(4);
    expect(heard).to.deep.equal([2, 3, 4]);
    expect(asked).to.equal(4);
  });

  it('tells nothing while no answer comes', async () => {
    await feed.next(0, 1_000, never);
    answer = () => new Promise(() => undefined);
    let isTold = false;
    void feed.next(1, 1_000, never).then(() => (isTold = true));
    await clock.advance(600_000);
    expect(isTold).to.equal(false);
    expect(asked).to.equal(2);
  });

  it('tells all that wait of a failure, and asks again for the next', async () => {
    answer = () => Promise.reject(new Error('the chain is away'));
    const waiting = [feed.next(0, 1_000, never), feed.next(0, 1_000, never)];
    const reasons = await Promise.all(waiting.map((next) => next.catch((error: unknown) => (error as Error).message)));
    expect(reasons).to.deep.equal(['the chain is away', 'the chain is away']);
    answer = () => Promise.resolve(header(8));
    const next = feed.next(0, 1_000, never);
    await clock.advance(1_000);
    expect((await next).head?.number).to.equal(8);
  });

  it('drops the question when nobody waits for its answer any more', async () => {
    let dropped: AbortSignal | undefined;
    const chain = {
      telling: [],
      heard: () => undefined,
      heads: () => Promise.reject(new Error('not asked for')),
      isPutAside: () => false,
      lookBehind: () => Promise.resolve(false),
      head: (signal: AbortSignal) => {
        dropped = signal;
        return new Promise<never>((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error)),
        );
      },
    };
    feed = new HeadFeed({ chain, chainId: 1, clock, logger: silentLogger });
    const [one, other] = [new AbortController(), new AbortController()];
    const waiting = [feed.next(0, 1_000, one.signal), feed.next(0, 1_000, other.signal)];
    const ends = waiting.map((next) => next.catch((error: unknown) => (error as Error).message));
    one.abort(new Error('one is done'));
    await settle();
    expect(dropped?.aborted).to.equal(false);
    other.abort(new Error('the other, too'));
    expect(await Promise.all(ends)).to.deep.equal(['one is done', 'the other, too']);
    expect(dropped?.aborted).to.equal(true);
  });

  it('takes a block that the head stands on for an old answer, and any other for a new head', async () => {
    const numbers = [header(7), header(8), header(7), header(8), header(8, 'b', ''), header(7, 'c')];
    answer = () => Promise.resolve(numbers.shift() ?? null);
    const heads: (string | undefined)[] = [];
    for (let round = 0; round < 7; round++) {
      const next = feed.next(round, 1_000, never);
      await clock.advance(1_000);
      heads.push((await next).head?.hash);
    }
    expect(heads).to.deep.equal(['0x7', '0x8', '0x8', '0x8', '0x8b', '0x7c', '0x7c']);
    expect(feed.headers.between(header(7), header(8, 'b', ''))).to.deep.equal([header(8, 'b', '')]);
  });

  it('believes an old answer once nothing else has been told for long, and whatever is told then', async () => {
    let head = header(7);
    answer = () => Promise.resolve(head);
    let answers = 0;
    /** Hears so many answers, one a second, and returns the numbers of the heads. */
    const hear = async (seconds: number): Promise<readonly (number | undefined)[]> => {
      const heard: (number | undefined)[] = [];
      for (let second = 0; second < seconds; second++) {
        const next = feed.next(answers, 1_000, never);
        await clock.advance(1_000);
        const news = await next;
        answers = news.answers;
        heard.push(news.head?.number);
      }
      return heard;
    };
    await hear(1);
    head = header(8);
    await hear(1);
    head = header(7);
    expect(new Set(await hear(29))).to.deep.equal(new Set([8]));
    // One of several that is behind is no news, however often it is asked.
    head = header(8);
    await hear(1);
    head = header(7);
    expect(new Set(await hear(29))).to.deep.equal(new Set([8]));
    expect(new Set(await hear(5))).to.deep.equal(new Set([8, 7]));
    expect(await hear(5)).to.deep.equal([7, 7, 7, 7, 7]);
    head = header(8);
    expect(await hear(1)).to.deep.equal([8]);
  });

  it('tells that the node knows no block at all', async () => {
    answer = () => Promise.resolve(null);
    expect(await feed.next(0, 1_000, never)).to.deep.equal({ head: null, answers: 1 });
  });
});

describe('a feed of heads whose endpoint freezes with its connection open', () => {
  const open = async (...names: string[]): Promise<Frozen> => {
    const clock = new FakeClock();
    const nodes = names.map((name) => new ScriptedEndpoint(name, clock));
    const client = openScripted(nodes, clock);
    const feed = new HeadFeed({ chain: client, chainId: 31_337, clock, logger: silentLogger });
    const first = feed.next(0, 1_000, never);
    await clock.advance(100);
    return { clock, nodes, client, feed, answers: (await first).answers };
  };
  const isHeadKnown = ({ client }: Frozen): boolean =>
    client.health().some((each) => !each.latestFailed && each.headWaitMs < each.headPatienceMs);

  it('asks the next one after the poll interval and a second, and that one from then on', async () => {
    const frozen = await open('frozen', 'honest');
    const { clock, nodes, feed, client } = frozen;
    nodes[0]!.receive = () => 'silence';
    for (const node of nodes) node.head++;
    const askedBefore = nodes[0]!.asked.length;
    const next = feed.next(frozen.answers, 1_000, never);
    // A poll interval passes before the question, then one and a second without an answer.
    await clock.advance(1_000 + 2_000 + 50);
    expect((await Promise.race([next, settle().then(() => null)]))?.head?.number).to.equal(nodes[1]!.head);
    expect(client.health()[0]).to.include({ latestFailed: true, lastError: 'frozen: no answer within 2 s' });
    for (let round = 0; round < 5; round++) {
      const later = feed.next(frozen.answers + 1 + round, 1_000, never);
      await clock.advance(1_100);
      expect((await later).answers).to.equal(frozen.answers + 2 + round);
    }
    expect(nodes[0]!.asked.length - askedBefore).to.equal(1);
    await client.close();
  });

  it('asks each further one where the next one freezes, too', async () => {
    const frozen = await open('frozen', 'frozen-too', 'honest');
    const { clock, nodes, feed, client } = frozen;
    for (const node of nodes.slice(0, 2)) node.receive = () => 'silence';
    const next = feed.next(frozen.answers, 1_000, never);
    await clock.advance(1_000 + 2 * 2_000 + 50);
    expect((await Promise.race([next, settle().then(() => null)]))?.answers).to.equal(frozen.answers + 1);
    await client.close();
  });

  for (const names of [['frozen'], ['frozen', 'frozen-too'], ['frozen', 'frozen-too', 'frozen-as-well']]) {
    it(`knows no head after three times as long where all do (${names.length})`, async () => {
      const frozen = await open(...names);
      const { clock, nodes, feed, client } = frozen;
      for (const node of nodes) node.receive = () => 'silence';
      feed.next(frozen.answers, 1_000, never).catch(() => undefined);
      await clock.advance(1_000 + 3 * 2_000 - 200);
      expect(isHeadKnown(frozen)).to.equal(true);
      await clock.advance(200);
      expect(isHeadKnown(frozen)).to.equal(false);
      await client.close();
    });
  }
});

interface Frozen {
  readonly clock: FakeClock;
  readonly nodes: readonly ScriptedEndpoint[];
  readonly client: ChainClient;
  readonly feed: HeadFeed;
  readonly answers: number;
}

describe('a feed of heads that are told', () => {
  let node: ChainSimulator;
  let client: ChainClient;
  let feed: HeadFeed;
  let clock: FakeClock;
  let logger: MemoryLogger;
  let answers: number;
  const open = (urls: readonly string[] = [node.wsUrl]): void => {
    client = new ChainClient({ urls, chainId: 31_337, clock, logger });
    feed = new HeadFeed({ chain: client, chainId: 31_337, clock, logger });
  };
  const next = async (pollMs = 60_000): Promise<HeadNews> => {
    const news = await feed.next(answers, pollMs, never);
    answers = news.answers;
    return news;
  };
  const asked = (method: string): number => node.requests.flat().filter((name) => name === method).length;
  /** Waits until the subscription stands and what it missed has been asked for. */
  const whenSubscribed = async (): Promise<void> => {
    const first = next();
    await eventually('there is a subscriber', () => node.sockets.subscribers === 1);
    await first;
    await eventually('the feed asks behind the subscription', async () => {
      const news = feed.next(answers, 60_000, AbortSignal.timeout(50)).catch(() => null);
      const heard = await news;
      if (heard !== null) answers = heard.answers;
      return heard === null;
    });
  };
  /** Lets the program's timers run on while real messages come in. */
  const pass = async (durationMs: number): Promise<void> => {
    for (let passed = 0; passed < durationMs; passed += 250) {
      await clock.advance(250);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };

  beforeEach(async () => {
    node = await ChainSimulator.start();
    node.mine(5);
    clock = new FakeClock();
    logger = new MemoryLogger();
    answers = 0;
    open();
  });
  afterEach(async () => {
    feed.close();
    await client.close();
    await node.stop();
  });

  it('tells a block the moment that the node tells it, without asking', async () => {
    await whenSubscribed();
    const before = node.requests.length;
    for (let round = 0; round < 20; round++) {
      const told = next();
      node.mine(1);
      expect((await told).head).to.include({ number: node.head.number, hash: node.head.hash });
    }
    expect(node.requests.length).to.equal(before);
    expect((await feed.next(0, 60_000, never)).toldBy).to.equal(new URL(node.url).host);
    expect(client.health()[0]?.newestBlock).to.equal(node.head.number);
  });

  it('keeps the headers of blocks that came while nobody waited', async () => {
    await whenSubscribed();
    const last = node.head;
    node.mine(4);
    await eventually('the last is told', async () => (await next()).head?.number === node.head.number);
    const { head } = await feed.next(0, 60_000, never);
    expect(feed.headers.between(last, head!)?.map(({ hash }) => hash)).to.deep.equal(
      node.blocks.slice(-4).map(({ hash }) => hash),
    );
  });

  it('passes on a reorganisation, and minds neither what it has heard nor what is no head', async () => {
    await whenSubscribed();
    node.mine(2);
    await eventually('the head is told', async () => (await next()).head?.hash === node.head.hash);
    const { head } = node;
    node.sockets.tell(headerOf(node.blocks.at(-2)));
    node.sockets.tell(headerOf(head));
    node.sockets.tell({ number: toHex(head.number + 1) });
    node.sockets.tell('nonsense');
    node.sockets.tell(null);
    expect((await next()).head?.hash).to.equal(head.hash);
    expect((await feed.next(0, 60_000, never)).head?.hash).to.equal(head.hash);
    node.reorg(2, 1);
    await eventually('the other branch is told', async () => (await next()).head?.hash === node.head.hash);
  });

  it('begins anew, and asks for what it missed, when its connection breaks', async () => {
    await whenSubscribed();
    const told = next();
    node.sockets.traits.subscriptions = 'silent';
    node.mine(3);
    node.sockets.drop();
    expect((await told).head?.number).to.equal(8);
    node.sockets.traits.subscriptions = 'told';
    const later = next();
    await eventually('there is a subscriber again', async () => {
      await pass(250);
      return node.sockets.subscribers === 1;
    });
    await later;
    expect(logger.messages().filter((line) => /told new heads has ended/.test(line))).to.have.length(1);
  });

  it('asks where the node subscribes nobody', async () => {
    node.sockets.traits.subscriptions = 'refused';
    await next(1_000);
    for (let round = 0; round < 5; round++) {
      const told = next(1_000);
      node.mine(1);
      await pass(1_000);
      expect((await told).head?.number).to.equal(node.head.number);
    }
    expect(asked('eth_getBlockByNumber')).to.be.within(5, 8);
    expect(node.sockets.connections).to.equal(1);
  });

  it('asks where a subscription is silent, says so, and begins it anew', async () => {
    await whenSubscribed();
    const told = next();
    node.mine(1);
    await told;
    node.sockets.traits.subscriptions = 'silent';
    const { connections } = node.sockets;
    for (let round = 0; round < 6; round++) {
      const found = next(1_000);
      node.mine(1);
      let isFound = false;
      void found.then(() => (isFound = true));
      await eventually('the block is found', async () => {
        await pass(250);
        return isFound;
      });
      expect((await found).head?.number).to.be.at.least(node.head.number - 1);
    }
    expect(logger.messages().filter((line) => /subscription to new heads is silent/.test(line))).to.have.length(1);
    expect(node.sockets.connections).to.be.greaterThan(connections);
  });

  it('bears a node that closes each connection at once, without a storm of them', async () => {
    const http = await ChainSimulator.start();
    http.mine(5);
    node.sockets.traits.closesAtOnce = true;
    open([node.wsUrl, http.url]);
    let heard = 0;
    const listen = async (): Promise<void> => {
      for (;;) {
        await next(1_000);
        heard++;
      }
    };
    const ended = listen().catch(() => undefined);
    await pass(60_000);
    expect(heard).to.be.greaterThan(20);
    expect(node.sockets.connections).to.be.lessThan(90);
    await http.stop();
    void ended;
  });

  it('subscribes nowhere where another chain is served', async () => {
    node.options = { chainId: 5 };
    const http = await ChainSimulator.start();
    http.mine(9);
    open([node.wsUrl, http.url]);
    expect((await next()).head?.number).to.equal(9);
    await pass(1_000);
    expect(node.sockets.subscribers).to.equal(0);
    await http.stop();
  });
});

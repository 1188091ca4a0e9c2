import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import { sourceOf } from '../../../src/components/source-of.js';
import type { Database } from '../../../src/database/database.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { PipelineStore } from '../../../src/database/pipelines/pipeline-store.js';
import { ChainUnreachableError } from '../../../src/runtime/errors.js';
import { AuditReader } from '../../../src/tasks/verify/audit-reader.js';
import { verifyPipeline } from '../../../src/tasks/verify/verify-pipeline.js';
import type { VerifyReport } from '../../../src/tasks/verify/verify-report.js';
import { runIn } from '../../cli/run-in.js';
import {
  address,
  emitted,
  factoryAddress,
  made,
  madeEvent,
} from '../../components/event-monitor/factory/factory-chain.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import { HastyClock, deadlineMs } from '../../support/hasty-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { openMigrated } from '../../support/migrated-database.js';
import { rejectionOf } from '../../support/rejection.js';
import type { SimEvent } from '../../support/simulated-chain.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const [one, two] = [address(0xc1), address(0xc2)];
const bytes = (contract: string): Buffer => Buffer.from(contract.slice(2), 'hex');

describe('a repair of a factory’s pipeline', () => {
  let node: ChainSimulator;
  let folder: string;
  let clock: HastyClock;
  let logger: MemoryLogger;

  const url = (): string => `sqlite:${join(folder, 'test.db')}`;
  const both = (number: number): SimEvent[] => [emitted(one, number), emitted(two, number)];
  const run = async (): Promise<void> => {
    const { code, stderr } = await runIn(folder, 'run-pipeline', '45', '--rpc-url', node.url, '--database', url());
    expect(code, stderr).to.equal(0);
  };
  const inDatabase = async <T>(work: (database: Database) => Promise<T>): Promise<T> => {
    const database = await openDatabase(url());
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  };
  /** How many rows each contract has. */
  const rows = (): Promise<number[]> =>
    inDatabase(async (database) => {
      const contracts = await database.read<Buffer[]>((knex) => knex('event').pluck('contract_address'));
      const found = contracts.map((contract) => `0x${contract.toString('hex')}`);
      return [one, two].map((contract) => found.filter((each) => each === contract).length);
    });
  const children = (): Promise<string[]> =>
    inDatabase(async (database) => {
      const found = await database.read<Buffer[]>((knex) =>
        knex('factory_child').orderBy(['level', 'address']).pluck('address'),
      );
      return found.map((each) => `0x${each.toString('hex')}`);
    });
  /** Repairs; `beside` is what happens once the audit knows the children. */
  const repair = ({
    toBlock,
    beside,
  }: { toBlock?: number; beside?: () => Promise<void> } = {}): Promise<VerifyReport> =>
    inDatabase(async (database) => {
      const source = sourceOf(await new PipelineStore(database).get(45));
      const { id: chainId } = source.chain;
      const chain = new ChainClient({ urls: [node.url], chainId, clock, logger, requestTimeoutMs: deadlineMs });
      try {
        return await verifyPipeline({
          ...{ database, pipelineId: 45, chainId, batchSize: 50, repair: true, receipts: false, toBlock },
          ...{ chain, reader: AuditReader.ofOthers(chain, logger), clock, logger, onProgress: () => undefined },
          audit: async (opening) => {
            const audit = await source.audit(opening);
            await beside?.();
            return audit;
          },
          signal: new AbortController().signal,
        });
      } finally {
        await chain.close();
      }
    });
  const begin = async (factory: unknown, events: (number: number) => SimEvent[]): Promise<void> => {
    node.mine(100, events);
    const component = { name: 'transfers', type: 'event_monitor', chain_name: 'chain-31337', start_block: 1 };
    const wanted = { contract_address: factory, abi_path: 'builtin:erc20' };
    const definition = { id: 45, name: 'transfers', components: [{ ...component, ...wanted }] };
    writeFileSync(join(folder, 'pipeline.json'), JSON.stringify(definition));
    const imported = await runIn(folder, 'pipeline', 'import', 'pipeline.json', '--database', url());
    expect(imported.code, imported.stderr).to.equal(0);
    await run();
  };
  const announcing = { factory: factoryAddress, event: 'Made', parameter: 'child', abi: [madeEvent] };

  beforeEach(async () => {
    clock = new HastyClock();
    logger = new MemoryLogger();
    node = await ChainSimulator.start({ sealed: true }, { finalizedDistance: 10, receipts: 'rooted' });
    folder = temporaryFolder();
    await (await openMigrated(url())).close();
  });
  afterEach(() => node.stop());

  describe('through a node that lacks the newest blocks', () => {
    beforeEach(() => begin(announcing, (number) => (number === 30 ? [made(one), made(two)] : both(number))));

    it('waits for them, whatever is to be verified', async () => {
      node.options = { ...node.options, backend: () => ({ behind: clock.sleptMs < 5_000 ? 2 : 0 }) };
      expect((await repair({ toBlock: 90 })).isRight).to.equal(true);
      expect(logger.messages('info')).to.include('waiting for the node: block 100 is not there');
      expect(await rows()).to.deep.equal([99, 99]);
      expect(await children()).to.deep.equal([one, two]);
    });

    it('fails where they don’t come, and takes nothing away', async () => {
      node.options = { ...node.options, backend: () => ({ behind: 2 }) };
      const error = await rejectionOf(repair({ toBlock: 90 }), ChainUnreachableError);
      expect(error.message).to.contain('block 100 is not there');
      expect(await rows()).to.deep.equal([99, 99]);
      expect(await children()).to.deep.equal([one, two]);
    });
  });

  describe('beside a run', () => {
    const announces = (at: number) => (number: number) =>
      number === 30 ? [made(two)] : number === at ? [made(one)] : both(number);

    it('leaves the events of a child that is announced meanwhile', async () => {
      await begin(announcing, announces(-1));
      const beside = async (): Promise<void> => {
        node.mine(1, () => [made(one), emitted(one)]);
        await run();
        expect(await rows()).to.deep.equal([100, 99]);
      };
      expect((await repair({ beside })).counts).to.include({ extra: 0, repaired: 0 });
      expect(await rows()).to.deep.equal([100, 99]);
      expect((await repair()).isRight).to.equal(true);
    });

    it('does not bring events of a child whose announcement is replaced meanwhile', async () => {
      await begin(announcing, announces(99));
      const beside = async (): Promise<void> => {
        node.reorg(3, 4, both);
        await run();
        expect(await rows()).to.deep.equal([0, 100]);
      };
      await repair({ beside });
      expect(await rows()).to.deep.equal([0, 100]);
      expect(await children()).to.deep.equal([two]);
    });

    it('leaves a child that is announced in blocks that replace others meanwhile, with its events', async () => {
      await begin(announcing, announces(-1));
      const beside = async (): Promise<void> => {
        node.reorg(3, 4, announces(99));
        await run();
        expect(await rows()).to.deep.equal([99, 99]);
      };
      await repair({ beside });
      expect(await rows()).to.deep.equal([99, 99]);
      expect(await children()).to.deep.equal([one, two]);
      expect((await repair()).isRight).to.equal(true);
    });

    it('leaves the events of a child that is announced above the checkpoint, and puts the others right', async () => {
      await begin(announcing, announces(90));
      await inDatabase(({ knex }) => knex('pipeline_checkpoint').update({ block_number: 60, hash: null }));
      await inDatabase(({ knex }) =>
        knex('event')
          .where({ block_number: 50, contract_address: bytes(two) })
          .delete(),
      );
      expect((await repair()).counts).to.include({ missing: 1, extra: 0, repaired: 1 });
      expect(await rows()).to.deep.equal([98, 98]);
    });
  });
});

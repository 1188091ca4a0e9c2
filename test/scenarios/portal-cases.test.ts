import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { runInPlace } from '../cli/run-in.js';
import { corpusFolder, readCase, withCorpus } from '../support/corpus.js';
import type { RecordedCase, RecordedLog } from '../support/corpus.js';
import { PortalServer } from '../support/portal-server.js';
import type { PortalData } from '../support/portal-server.js';
import { runChainparse } from '../support/processes.js';
import { Replay } from '../support/replay.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { playedOf } from '../support/extent.js';

/** The chain that the replaying node makes of a case. */
interface ReplayedChain {
  readonly head: number;
  readonly byBlock: ReadonlyMap<number, readonly RecordedLog[]>;
  block(number: number): { readonly hash: string; readonly parentHash: string; readonly timestamp: string };
}

interface ReplayModule {
  createReplay(): { resolve(url: string): ReplayedChain };
}

function portalData(chain: ReplayedChain): PortalData {
  return {
    finalized: () => chain.head,
    header: (number) => {
      const { hash, parentHash, timestamp } = chain.block(number);
      return { number, hash, parentHash, timestamp: Number(timestamp) };
    },
    logs: (number) => chain.byBlock.get(number) ?? [],
  };
}

function definitionOf(recorded: RecordedCase, history: Readonly<Record<string, string>>, folder: string): string {
  const contracts = (recorded.contracts ?? []).map(({ address, abi }) => ({ address, abi }));
  const source = {
    name: 'logs',
    type: 'event_monitor',
    chain_name: `chain-${recorded.chainId}`,
    mode: 'historical',
    start_block: recorded.fromBlock,
    end_block: recorded.toBlock,
    keep_unknown: true,
    ...(contracts.length > 0 ? { contracts } : { contract_address: recorded.addresses, abi: recorded.abi }),
    ...history,
    batch_size: 1_000_000,
  };
  const name = `${recorded.name}-${history['history'] ?? 'rpc'}`;
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify({ pipeline_name: name, components: [source] }));
  return path;
}

/** What a portal could serve of the recorded cases, by the program itself, beside the same by RPC. */
withCorpus('recorded cases from a portal', (names) => {
  let replay: ReplayModule;
  let env: Record<string, string>;

  before(async () => {
    replay = (await import(pathToFileURL(join(corpusFolder, 'replay.mjs')).href)) as ReplayModule;
    env = { CHAINPARSE_DATABASE_URL: `sqlite:${temporaryFolder()}/cases.db` };
    expect((await runChainparse(['migrate'], { env })).code).to.equal(0);
  });

  for (const name of playedOf(names, 4)) {
    const recorded = readCase(name);
    it(`${name}: the same rows as by RPC, without an RPC URL`, async function () {
      this.timeout(60_000);
      const cwd = temporaryFolder();
      const node = await Replay.start(name);
      const dataset = `recorded-${recorded.chainId}`;
      const portal = await PortalServer.start({
        data: portalData(replay.createReplay().resolve(`/case/${name}`)),
        dataset,
      });
      const rowsOf = async (history: Readonly<Record<string, string>>, ...flags: string[]): Promise<unknown> => {
        const chainparse = async (...args: string[]): Promise<string> => {
          const { code, stdout, stderr } = await runInPlace({ cwd, env }, args);
          expect(code, stderr).to.equal(0);
          return stdout;
        };
        const id = (await chainparse('pipeline', 'import', definitionOf(recorded, history, cwd))).trim();
        await chainparse('run-pipeline', id, ...flags);
        const texts = [
          await chainparse('events', 'export', '--pipeline', id),
          await chainparse('events', 'undecoded', '--pipeline', id, '--format', 'jsonl'),
        ];
        return texts.map((text) => text.replaceAll(`"pipeline_id":${id},`, ''));
      };
      try {
        const byRpc = await rowsOf({}, '--rpc-url', node.url);
        const byPortal = await rowsOf({ history: 'portal', portal_dataset: dataset }, '--portal-url', portal.url);
        expect(byPortal).to.deep.equal(byRpc);
      } finally {
        await Promise.all([node.stop(), portal.stop()]);
      }
    });
  }
});

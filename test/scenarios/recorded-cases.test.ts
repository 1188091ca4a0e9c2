import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { corpusFolder, readCase, withCorpus } from '../support/corpus.js';
import type { ExpectedEvent, RecordedCase } from '../support/corpus.js';
import { Child } from '../support/child.js';
import { eachDatabaseInTurn } from '../support/databases.js';
import { runInPlace } from '../cli/run-in.js';
import { openMigrated } from '../support/migrated-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

interface ExportedLine {
  readonly block_number: number;
  readonly log_index: number;
  readonly transaction_hash: string;
  readonly contract_address: string;
  readonly event_name?: string;
  readonly event_signature?: string;
  readonly args?: unknown;
  readonly reason?: string;
}

/** Writes the definition that a person would write for a case, with its ABIs as files beside it. */
function writeDefinition(folder: string, recorded: RecordedCase): string {
  const contracts = (recorded.contracts ?? []).map(({ address, abi }, i) => {
    writeFileSync(join(folder, `abi-${i}.json`), JSON.stringify(abi));
    return { address, abi_path: `abi-${i}.json` };
  });
  writeFileSync(join(folder, 'abi.json'), JSON.stringify(recorded.abi));
  const source = {
    name: 'logs',
    type: 'event_monitor',
    chain_name: `chain-${recorded.chainId}`,
    mode: 'historical',
    start_block: recorded.fromBlock,
    end_block: recorded.toBlock,
    keep_unknown: true,
    ...(contracts.length > 0 ? { contracts } : { contract_address: recorded.addresses, abi_path: 'abi.json' }),
    batch_size: 1_000_000,
  };
  const path = join(folder, 'pipeline.json');
  writeFileSync(path, JSON.stringify({ pipeline_name: recorded.name, components: [source] }));
  return path;
}

/** Takes the `{"hash": …}` of indexed values away, which the recorded results do not have. */
function plainHashes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainHashes);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value);
  const [first] = entries;
  if (entries.length === 1 && first?.[0] === 'hash') return first[1];
  return Object.fromEntries(entries.map(([name, item]) => [name, plainHashes(item)]));
}

/** An event's own argument may be called `hash`: only values are taken apart. */
function plainArgs(args: Record<string, unknown>): unknown {
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [name, plainHashes(value)]));
}

function readLines(text: string): ExportedLine[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ExportedLine);
}

const place = (log: { blockNumber: number; logIndex: number; transactionHash: string; address: string }): string =>
  [log.blockNumber, log.logIndex, log.transactionHash.toLowerCase(), log.address].join(' ');

const placeOfLine = (line: ExportedLine): string =>
  [line.block_number, line.log_index, line.transaction_hash, line.contract_address].join(' ');

const reasons: Readonly<Record<string, string>> = {
  'topic0-not-in-abi': 'unknown_event',
  'indexed-count-mismatch': 'indexed_mismatch',
};

function expectedEvent(event: ExpectedEvent): unknown {
  return { place: place(event), name: event.event, signature: event.signature, args: event.args };
}

/** Every recorded case, from its definition's file to the exported lines, through the program itself. */
withCorpus('recorded mainnet cases through the program', (names) => {
  let server: Child;
  let url: string;

  before(async () => {
    server = new Child(process.execPath, [join(corpusFolder, 'replay.mjs'), '--all', '--port', '0']);
    [url] = (await server.output(/http:\/\/127\.0\.0\.1:\d+/)) as unknown as [string];
  });

  after(() => server.kill());

  eachDatabaseInTurn('recorded cases', (database) => {
    let env: Record<string, string>;

    before(async () => {
      env = { CHAINPARSE_DATABASE_URL: await database.fresh() };
      await (await openMigrated(env['CHAINPARSE_DATABASE_URL']!)).close();
    });

    for (const name of names) {
      it(`${name}: each log comes out as recorded, and nothing else does`, async function () {
        this.timeout(60_000);
        const recorded = readCase(name);
        const cwd = temporaryFolder();
        const chainparse = async (...args: string[]): Promise<string> => {
          const result = await runInPlace({ cwd, env }, args);
          expect(result.code, result.stderr).to.equal(0);
          return result.stdout;
        };
        const id = (await chainparse('pipeline', 'import', writeDefinition(cwd, recorded))).trim();
        await chainparse('run-pipeline', id, '--rpc-url', `${url}/case/${name}`);
        const events = readLines(await chainparse('events', 'export', '--pipeline', id));
        const undecoded = readLines(await chainparse('events', 'undecoded', '--pipeline', id, '--format', 'jsonl'));

        const found = events.map((line) => ({
          place: placeOfLine(line),
          name: line.event_name,
          signature: line.event_signature,
          args: plainArgs(line.args as Record<string, unknown>),
        }));
        const order = (a: ExpectedEvent, b: ExpectedEvent): number =>
          a.blockNumber - b.blockNumber || a.logIndex - b.logIndex;
        const sorted = [...recorded.expected].sort(order);
        expect(found).to.deep.equal(sorted.filter(({ event }) => event !== null).map(expectedEvent));
        expect(undecoded.map((line) => `${placeOfLine(line)} ${String(line.reason)}`)).to.deep.equal(
          sorted
            .filter(({ event }) => event === null)
            .map((log) => `${place(log)} ${reasons[log.reason ?? ''] ?? log.reason ?? ''}`),
        );
      });
    }
  });
});

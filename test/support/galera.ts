import { execFile, execFileSync } from 'node:child_process';
import { chownSync, existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DatabaseServer } from './database-server.js';
import { execute } from './execute-sql.js';
import { declareMissing } from './extent.js';
import { findProgram } from './find-program.js';
import { freePort } from './free-port.js';
import { temporaryFolder } from './temporary-folder.js';
import { eventually } from './within.js';

const provider = '/usr/lib/galera/libgalera_smm.so';
const daemon = findProgram('mariadbd');
const installer = findProgram('mariadb-install-db');
const isThere =
  existsSync(provider) && daemon !== undefined && installer !== undefined && findProgram('rsync') !== undefined;

/** Describes tests that need Galera: pending where it is not installed, unless it must be. */
export function withGalera(title: string, suite: () => void): void {
  if (isThere) describe(title, suite);
  else declareMissing(title, 'apt-get install --no-install-recommends mariadb-server galera-4 rsync', suite);
}

/** Whose processes they are: the state of a node is not handed over to root's. */
const user = process.getuid?.() === 0 ? 'mysql' : userInfo().username;

/** Three nodes of one cluster, each a MariaDB with the same data. */
export class GaleraCluster {
  readonly nodes: readonly DatabaseServer[];

  private constructor(nodes: readonly DatabaseServer[]) {
    this.nodes = nodes;
  }

  /** Starts a cluster, and ends it after the last test. */
  static async start(): Promise<GaleraCluster> {
    const ports = await Promise.all([0, 1, 2].map(() => freePort()));
    const nodes: DatabaseServer[] = [];
    // One after the other: who joins is given the state of one that is there.
    for (const i of ports.keys()) nodes.push(await startNode(i, ports));
    return new GaleraCluster(nodes);
  }

  /** The URLs of a database, beginning with a node's. */
  urls(database: string, first = 0): string {
    const { length } = this.nodes;
    return [...this.nodes.keys()].map((i) => this.url(database, (first + i) % length)).join(',');
  }

  /** The URL of a database at one node. */
  url(database: string, node: number): string {
    return this.nodes[node]?.url(database) ?? '';
  }

  /** Resolves when every node has all the others, and all that they have committed. */
  async whole(): Promise<void> {
    for (const node of this.nodes) {
      const states = (): Promise<readonly Record<string, unknown>[]> =>
        execute(node.url(), "SHOW STATUS WHERE Variable_name IN ('wsrep_cluster_size', 'wsrep_local_state_comment')");
      const isWhole = async (): Promise<boolean> => {
        const values = (await states().catch(() => [])).map((row) => row['Value']);
        return values.includes(String(this.nodes.length)) && values.includes('Synced');
      };
      await eventually(`the node at ${node.url()} has the others`, isWhole, 60_000);
    }
  }

  /** Cuts a node off from the others, or lets it join them again; its clients still reach it. */
  async isolate(node: number, isCutOff: boolean): Promise<void> {
    await execute(this.url('', node), `SET GLOBAL wsrep_provider_options = 'gmcast.isolate=${isCutOff ? 1 : 0}'`);
  }
}

async function startNode(index: number, ports: readonly number[]): Promise<DatabaseServer> {
  const folder = temporaryFolder();
  if (user === 'mysql') chownSync(folder, idOf('-u'), idOf('-g'));
  const env = { ...process.env, TMPDIR: folder };
  const data = join(folder, 'data');
  const options = ['--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve'];
  await promisify(execFile)(installer ?? '', ['--no-defaults', ...options, `--datadir=${data}`, `--user=${user}`], {
    env,
  });
  const [port, ist, sst] = [await freePort(), await freePort(), await freePort()];
  const own = ports[index] ?? 0;
  const provided = `gmcast.listen_addr=tcp://127.0.0.1:${own};base_host=127.0.0.1;base_port=${own};ist.recv_addr=127.0.0.1:${ist};gcache.size=64M`;
  const peers = ports.map((peer) => `127.0.0.1:${peer}`).join(',');
  return DatabaseServer.start({
    program: daemon ?? '',
    ...{ env, port },
    args: [
      ...[
        '--no-defaults',
        `--user=${user}`,
        `--datadir=${data}`,
        `--socket=${folder}/socket`,
        `--pid-file=${folder}/pid`,
      ],
      ...[`--port=${port}`, '--bind-address=127.0.0.1', '--skip-name-resolve', '--innodb-buffer-pool-size=64M'],
      ...['--innodb-flush-log-at-trx-commit=2', '--binlog-format=ROW', '--innodb-autoinc-lock-mode=2', '--wsrep-on=ON'],
      // With it a node could not be cut off while it runs.
      '--plugin-wsrep-provider=OFF',
      ...[
        `--wsrep-provider=${provider}`,
        '--wsrep-cluster-name=chainparse',
        `--wsrep-cluster-address=gcomm://${peers}`,
      ],
      ...['--wsrep-node-address=127.0.0.1', `--wsrep-node-name=n${index}`, '--wsrep-sst-method=rsync'],
      ...[`--wsrep-sst-receive-address=127.0.0.1:${sst}`, `--wsrep-provider-options=${provided}`],
    ],
    firstArgs: index === 0 ? ['--wsrep-new-cluster'] : [],
  });
}

function idOf(option: '-u' | '-g'): number {
  return Number(execFileSync('id', [option, user], { encoding: 'utf8' }));
}

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { declareMissing } from '../support/extent.js';
import { findProgram } from '../support/find-program.js';
import { projectRoot } from '../support/processes.js';
import { withPrometheus } from '../support/prometheus.js';
import { temporaryFolder } from '../support/temporary-folder.js';

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly { readonly type: string; readonly source: string }[];
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly read_only?: boolean;
  readonly stop_grace_period?: string;
}

const withCompose = (title: string, suite: () => void): void => {
  if (findProgram('docker-compose') !== undefined) describe(title, suite);
  else declareMissing(title, 'apt-get install --no-install-recommends docker-compose', suite);
};

/** A copy of `ops` whose settings are filled in as `.env` has them; those that are left out stay empty. */
function filledIn(settings: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  cpSync(join(projectRoot, 'ops'), folder, { recursive: true });
  const example = readFileSync(join(folder, 'compose.env.example'), 'utf8');
  const text = example.replace(/^([A-Z_]+)=$/gm, (_, name: string) => `${name}=${settings[name] ?? ''}`);
  writeFileSync(join(folder, '.env'), text);
  return folder;
}

const secrets = {
  POSTGRES_PASSWORD: 'word-of-postgres',
  CHAINPARSE_API_TOKEN: 'a'.repeat(32),
  CHAINPARSE_API_READ_TOKEN: 'b'.repeat(32),
  GRAFANA_PASSWORD: 'word-of-grafana',
  ETHEREUM_RPC_URL: 'https://node.example/key',
};

/** Only the program's own surroundings: a setting of whoever runs the tests would count before the file. */
const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] };

withCompose('the compose file', () => {
  let folder: string;
  let services: Readonly<Record<string, Service>>;

  before(() => {
    folder = filledIn(secrets);
    const text = execFileSync('docker-compose', ['config', '--format', 'json'], { cwd: folder, env, encoding: 'utf8' });
    services = (JSON.parse(text) as { services: Record<string, Service> }).services;
  });

  it('has a database, workers, a monitor, the API, Prometheus and Grafana, each with a look at its health', () => {
    const names = ['database', 'grafana', 'migrate', 'monitor', 'prometheus', 'serve', 'worker'];
    expect(Object.keys(services).sort()).to.deep.equal(names);
    for (const name of ['database', 'prometheus', 'grafana']) {
      expect(services[name]?.healthcheck?.test, name).not.to.equal(undefined);
    }
    // Those of chainparse's own have their image's.
    expect(readFileSync(join(projectRoot, 'Dockerfile'), 'utf8')).to.match(/^HEALTHCHECK .*healthcheck\.js/m);
  });

  it('gives each process of chainparse the database, what it needs and nothing that it could write beside its files', () => {
    for (const name of ['migrate', 'worker', 'monitor', 'serve']) {
      const { environment, read_only, stop_grace_period } = services[name]!;
      const url = 'postgres://chainparse:word-of-postgres@database:5432/chainparse?sslmode=disable';
      expect(environment, name).to.include({
        CHAINPARSE_DATABASE_URL: url,
        ETHEREUM_RPC_URL: 'https://node.example/key',
      });
      expect({ read_only, stop_grace_period }, name).to.deep.equal({ read_only: true, stop_grace_period: '15s' });
    }
    expect(services['database']?.environment).not.to.have.any.keys('CHAINPARSE_API_TOKEN', 'ETHEREUM_RPC_URL');
  });

  it('mounts what is shipped', () => {
    const binds = Object.values(services).flatMap(({ volumes = [] }) => volumes.filter(({ type }) => type === 'bind'));
    expect(binds).to.have.length(3);
    for (const { source } of binds) expect(existsSync(source), source).to.equal(true);
  });

  for (const name of Object.keys(secrets).filter((key) => key !== 'ETHEREUM_RPC_URL')) {
    it(`does not start without ${name}`, () => {
      const lacking = filledIn({ ...secrets, [name]: '' });
      const { status, stderr } = spawnSync('docker-compose', ['config', '-q'], { cwd: lacking, env, encoding: 'utf8' });
      expect(status).not.to.equal(0);
      expect(stderr).to.match(new RegExp(`${name}.*set it in .env`));
    });
  }
});

withPrometheus('what Prometheus scrapes of the compose file', () => {
  it('is as promtool reads it, and named as the services are', () => {
    const config = join(projectRoot, 'ops/prometheus/compose.yml');
    execFileSync('promtool', ['check', 'config', '--syntax-only', config], { stdio: 'pipe' });
    const { scrape_configs } = parse(readFileSync(config, 'utf8')) as { scrape_configs: { job_name: string }[] };
    const { services } = parse(readFileSync(join(projectRoot, 'ops/compose.yaml'), 'utf8'), { merge: true }) as {
      services: object;
    };
    for (const { job_name } of scrape_configs) expect(services).to.have.property(job_name.replace('chainparse-', ''));
  });
});

import { readFileSync, readdirSync } from 'node:fs';
import { expect } from 'chai';
import { projectRoot } from '../support/processes.js';

const folder = `${projectRoot}/dist/`;
/** What a file of the build asks for at once. */
const asked = /^(?:import|\} from|import .+ from) "(.+)";$/gm;

/** The files that a file of the build asks for at once, however far away, itself among them. */
function filesOf(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(folder + file, 'utf8');
  for (const [, path = ''] of text.matchAll(asked)) if (path.startsWith('./')) filesOf(path.slice(2), seen);
  return seen;
}

/** The packages in a file of the build and in all that it loads at once: what is bundled, and what stays outside. */
function packagesOf(file: string): ReadonlySet<string> {
  const texts = [...filesOf(file)].map((each) => readFileSync(folder + each, 'utf8'));
  const bundled = texts.flatMap((text) => [...text.matchAll(/^\/\/ node_modules\/(.+?)\//gm)]);
  const outside = texts.flatMap((text) => [...text.matchAll(asked)]).filter(([, path]) => !path?.startsWith('./'));
  return new Set([...bundled, ...outside].map(([, name]) => name ?? ''));
}

function fileOf(module: string): string {
  return readdirSync(folder).find((file) => new RegExp(`^${module}-[A-Z0-9]{8}\\.js$`).test(file)) ?? module;
}

const slow = ['zod', 'knex', 'undici', 'ws', 'ethers', 'fastify', 'pino', 'prom-client', 'better-sqlite3', 'yaml'];

describe('what commands load before they do anything', () => {
  it('is a handful of files, since Node takes half a millisecond for each', () => {
    expect([...filesOf('main.js')]).to.deep.equal(['main.js']);
    for (const command of ['tasks', 'status', 'run-pipeline', 'migrate', 'config']) {
      expect(filesOf(fileOf(command)).size, command).to.be.at.most(6);
    }
  });

  for (const file of ['main.js', 'command.js', 'tasks', 'run-pipeline', 'migrate', 'completion']) {
    it(`has none of the packages that are slow to load: ${file}`, () => {
      const loaded = packagesOf(file.endsWith('.js') ? file : fileOf(file));
      expect(slow.filter((name) => loaded.has(name))).to.deep.equal([]);
    });
  }

  it('is nothing of runs, nor of another database, where a driver is loaded', () => {
    for (const driver of ['open-mysql', 'open-postgres']) {
      expect([...filesOf(fileOf(driver))], driver).not.to.include.members(['run.js']);
      expect([...filesOf(fileOf(driver))], driver).not.to.include.members(['sqlite.js']);
    }
    expect([...packagesOf(fileOf('open-mysql'))])
      .to.include('mysql2')
      .and.not.to.include('pg');
    expect([...packagesOf(fileOf('open-postgres'))])
      .to.include('pg')
      .and.not.to.include('mysql2');
    expect([...packagesOf('sqlite.js')])
      .to.include('better-sqlite3')
      .and.not.to.include('knex');
  });

  it('is told by what the build says: the page of the API has fastify', () => {
    expect([...packagesOf(fileOf('start-api'))]).to.include.members(['fastify', 'zod']);
  });

  it('holds of packages nothing that no command uses: mocks, caches, other databases, messages in other languages', () => {
    const texts = readdirSync(folder)
      .filter((file) => file.endsWith('.js'))
      .map((file) => readFileSync(folder + file, 'utf8'));
    const modules = texts.flatMap((text) =>
      [...text.matchAll(/^\/\/ node_modules\/(.+)$/gm)].map(([, module]) => module ?? ''),
    );
    const used = ['undici/lib/dispatcher/pool.js', 'zod/v4/locales/en.js', 'knex/lib/dialects/postgres/index.js'];
    expect(modules).to.include.members(used);
    const unused =
      /^(undici\/lib\/(mock|cache|interceptor)\/|zod\/v4\/locales\/(?!en\.|index\.)|knex\/lib\/(migrations|dialects\/(mssql|oracle))|debug\/)/;
    expect(modules.filter((module) => unused.test(module))).to.deep.equal([]);
  });
});

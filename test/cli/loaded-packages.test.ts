import { readFileSync, readdirSync } from 'node:fs';
import { expect } from 'chai';
import { projectRoot } from '../support/processes.js';

const folder = `${projectRoot}/dist/`;

/** The packages in a file of the build and in all that it loads at once: what is bundled, and what stays outside. */
function packagesOf(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return new Set();
  seen.add(file);
  const text = readFileSync(folder + file, 'utf8');
  const bundled = [...text.matchAll(/^\/\/ node_modules\/(.+?)\//gm)].map(([, name]) => name ?? '');
  const asked = [...text.matchAll(/^(?:import|\} from|import .+ from) "(.+)";$/gm)].map(([, path]) => path ?? '');
  const others = asked.filter((path) => path.startsWith('./')).flatMap((path) => [...packagesOf(path.slice(2), seen)]);
  return new Set([...bundled, ...asked.filter((path) => !path.startsWith('./')), ...others]);
}

function fileOf(module: string): string {
  return readdirSync(folder).find((file) => new RegExp(`^${module}-[A-Z0-9]{8}\\.js$`).test(file)) ?? module;
}

const slow = ['zod', 'knex', 'undici', 'ws', 'ethers', 'fastify', 'pino', 'prom-client', 'better-sqlite3', 'yaml'];

describe('what commands load before they do anything', () => {
  for (const file of ['main.js', 'execute-command', 'tasks', 'run-pipeline', 'migrate']) {
    it(`has none of the packages that are slow to load: ${file}`, () => {
      const loaded = packagesOf(file === 'main.js' ? file : fileOf(file));
      expect(slow.filter((name) => loaded.has(name))).to.deep.equal([]);
    });
  }

  it('is told by what the build says: the page of the API has fastify', () => {
    expect([...packagesOf(fileOf('serve'))]).to.include.members(['fastify', 'zod']);
  });

  it('holds of undici and zod nothing that no command uses: mocks, caches, messages in other languages', () => {
    const texts = readdirSync(folder)
      .filter((file) => file.endsWith('.js'))
      .map((file) => readFileSync(folder + file, 'utf8'));
    const modules = texts.flatMap((text) =>
      [...text.matchAll(/^\/\/ node_modules\/(.+)$/gm)].map(([, module]) => module ?? ''),
    );
    expect(modules).to.include.members(['undici/lib/dispatcher/pool.js', 'zod/v4/locales/en.js']);
    const unused = /^(undici\/lib\/(mock|cache|interceptor)\/|zod\/v4\/locales\/(?!en\.|index\.))/;
    expect(modules.filter((module) => unused.test(module))).to.deep.equal([]);
  });
});

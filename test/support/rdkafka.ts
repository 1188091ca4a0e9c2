import { existsSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const name = 'node-rdkafka';

/** The folder in whose node_modules node-rdkafka is: what `.ci/get-rdkafka` leaves, or another; undefined: it can't be had. */
export const rdkafkaFolder = process.env['CHAINPARSE_TEST_RDKAFKA'] ?? builtFolder();

function builtFolder(): string | undefined {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'chainparse-tests/rdkafka');
  return existsSync(join(folder, 'node_modules/node-rdkafka/build')) ? folder : undefined;
}

/** Has this process find node-rdkafka there. */
export function findRdkafka(): void {
  register(hooks());
}

/** What has a process of Node find it there, too. */
export function rdkafkaEnvironment(): { readonly NODE_OPTIONS: string } {
  const source = `import { createRequire, register } from 'node:module'; register(${JSON.stringify(hooks())});`;
  return { NODE_OPTIONS: `--import=${moduleOf(source)}` };
}

function hooks(): string {
  const file = createRequire(join(rdkafkaFolder ?? '', 'x')).resolve(name);
  const found = JSON.stringify({ url: pathToFileURL(file).href, format: 'commonjs', shortCircuit: true });
  const source = `export const resolve = (name, context, next) => name === '${name}' ? ${found} : next(name, context);`;
  return moduleOf(source);
}

function moduleOf(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

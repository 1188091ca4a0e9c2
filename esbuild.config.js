// The build: `node esbuild.config.js` puts what `chainparse` runs into dist/. Types are checked by `npm run check:types`.
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

/**
 * Packages that most commands load, and that are made of hundreds of files: finding and reading those takes longer than running them. All
 * others stay where npm has put them.
 */
const bundled =
  /^(chalk|cli-table3|commander|ethers|fastest-levenshtein|fastify-type-provider-zod|knex|undici|ws|zod)(\/|$)/;

/** What packages of the bundle load only where it is installed, or for databases that are not ours. */
const optional =
  /^(better-sqlite3|bufferutil|mariadb|mysql2?|oracledb|pg|pg-query-stream|sqlite3|tedious|utf-8-validate)(\/|$)/;

/** Stands for undici's index: without fetch, web sockets, caches and mocks, which Node would load and run at each start. */
const undici = `
  import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
  import api from 'undici/lib/api/index.js';
  Object.assign(Dispatcher.prototype, api);
  export { default as Client } from 'undici/lib/dispatcher/client.js';
  export { default as Pool } from 'undici/lib/dispatcher/pool.js';
  export { default as buildConnector } from 'undici/lib/core/connect.js';`;

const packages = {
  name: 'packages',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici$/ }, ({ path }) => ({ path, namespace: 'undici' }));
    onLoad({ filter: /./, namespace: 'undici' }, () => ({ contents: undici, resolveDir: '.' }));
    // All messages in fifty languages: ours are our own.
    onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({ contents: '' }));
    onResolve({ filter: /^[^./]/ }, ({ path, importer }) => {
      const isOurs = !importer.includes('/node_modules/');
      return (isOurs ? !bundled.test(path) : optional.test(path)) ? { path, external: true } : undefined;
    });
  },
};

rmSync('dist', { recursive: true, force: true });
const options = {
  outdir: 'dist',
  entryNames: '[name]',
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // What is bundled and no module asks for Node's own modules by `require`.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
  // Names stay as they are in the sources, for stacks.
  minifySyntax: true,
  plugins: [packages],
  metafile: true,
  logLevel: 'warning',
};
const { metafile } = await build({
  ...options,
  entryPoints: ['src/cli/main.ts'],
  splitting: true,
  chunkNames: '[name]-[hash]',
});
// A process of its own, which runs wait for: without Node's loader of modules, whose start takes a third of its.
await build({
  ...options,
  entryPoints: ['src/database/drivers/sqlite/sqlite-writer.ts'],
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  banner: {},
});
cpSync('src/api/dashboard', 'dist/dashboard', { recursive: true });
writeFileSync('dist/licenses.txt', licensesOf(Object.keys(metafile.inputs)));

/** Who copies a package copies its licence. */
function licensesOf(files) {
  const folders = new Set(files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []));
  return [...folders].sort().map(licenseOf).join('\n\n');
}

function licenseOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  const text = file === undefined ? license : readFileSync(`${folder}/${file}`, 'utf8');
  return `${name} ${version}\n\n${text.trim()}\n`;
}

// The build: `node esbuild.config.js` puts what `chainparse` runs into dist/. Types are checked by `npm run check:types`.
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

/**
 * Packages that most commands load, and that are made of hundreds of files: finding and reading those takes longer than running them. All
 * others stay where npm has put them.
 */
const bundled =
  /^(better-sqlite3|chalk|cli-table3|commander|ethers|fastest-levenshtein|fastify-type-provider-zod|knex|undici|ws|zod)(\/|$)/;

/** What packages of the bundle load only where it is installed, or for databases that are not ours, and what was compiled for a machine. */
const optional =
  /^(bufferutil|mariadb|mysql2?|oracledb|pg|pg-query-stream|sqlite3|tedious|utf-8-validate)(\/|$)|\.node$/;

/**
 * What is loaded together, by the modules that are asked for, or that several of those need: a room is one file of all that these need at once and no room before it has.
 * To find, read and link a file takes Node half a millisecond.
 */
const rooms = {
  main: ['src/cli/main.ts'],
  command: ['src/cli/execute-command.ts'],
  database: [
    'src/database/open/open-database.ts',
    'src/database/schema/migrator.ts',
    // What drivers share, with each other and with runs.
    'src/database/driver.ts',
    'src/database/drivers/end-transaction.ts',
    'src/database/drivers/standard-targets.ts',
    'src/database/script.ts',
    'src/database/targets/group-indexes.ts',
    'migrations/schema.ts',
    'src/runtime/certificate-hint.ts',
    'src/runtime/hex-digits.ts',
    'src/runtime/rooms.ts',
  ],
  tasks: [
    'src/cli/commands/tasks.ts',
    'src/cli/commands/migrate.ts',
    'src/cli/commands/config.ts',
    'src/cli/commands/completion.ts',
  ],
  sqlite: [
    'src/database/drivers/sqlite/open-sqlite.ts',
    'src/database/drivers/sqlite/sqlite-script-runner.ts',
    'src/database/drivers/sqlite/sqlite-dialect.ts',
    'src/database/drivers/sqlite/sqlite-schema.ts',
    'src/database/drivers/sqlite/sqlite-lock.ts',
    'src/database/drivers/sqlite/file-watch.ts',
  ],
  writer: ['src/database/drivers/sqlite/sqlite-writer-process.ts'],
  status: ['src/cli/commands/status.ts'],
  monitor: ['src/cli/commands/monitor.ts', 'src/cli/commands/workers.ts'],
  run: [
    'src/cli/running/run-host.ts',
    'src/cli/running/warn-of-old-rows.ts',
    'src/cli/running/print-run-result.ts',
    'src/tasks/run/prepare-run.ts',
    'src/tasks/run/pipeline-runs.ts',
    'src/tasks/shards/own-shards.ts',
  ],
  events: ['src/components/event-monitor/event-monitor.ts', 'src/chain/abi/decoder.ts'],
};

/** Stands for undici's index: without fetch, web sockets, caches and mocks, which Node would load and run at each start. */
const undici = `
  import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
  import api from 'undici/lib/api/index.js';
  Object.assign(Dispatcher.prototype, api);
  export { default as Client } from 'undici/lib/dispatcher/client.js';
  export { default as Pool } from 'undici/lib/dispatcher/pool.js';
  export { default as buildConnector } from 'undici/lib/core/connect.js';`;

/** Where npm builds the part of better-sqlite3 that is not JavaScript, or puts what was built. */
const sqliteAddon = 'better-sqlite3/build/Release/better_sqlite3.node';

/** What packages ask for at once and need not, and what stands for it. */
const replaced = [
  // Looks for what was built in thirteen places.
  { from: /\/better-sqlite3\//, asked: /^bindings$/, contents: `module.exports = () => require('${sqliteAddon}');` },
  // As a module it opens standard input.
  { from: /\/chalk\//, asked: /^node:process$/, contents: 'export default process;' },
  // For commands that are programs of their own.
  { from: /\/commander\//, asked: /^node:child_process$/, contents: '' },
  // A database's class by its name, when each driver brings its own; migrations of Knex's own; messages that the variable DEBUG asks for.
  { from: /\/knex\//, asked: /^\.\.\/\.\.\/dialects$/, contents: '' },
  { from: /\/knex\//, asked: /\/migrations\//, contents: '' },
  { from: /\/knex\//, asked: /^debug$/, contents: 'module.exports = () => () => undefined;' },
  // Messages in fifty languages.
  { from: /\/zod\//, asked: /\/locales\/index\.js$/, contents: '' },
];

/** Node's own modules that take it milliseconds to load, and that many commands import and few use: their functions load them when called. */
const lazy = /^node:(child_process|crypto)$/;

async function lazyModule({ path }) {
  const functions = Object.entries(await import(path)).filter(
    ([name, value]) => /^[a-z]/.test(name) && typeof value === 'function',
  );
  const lines = functions.map(
    ([name]) => `export const ${name} = (...args) => process.getBuiltinModule('${path}').${name}(...args);`,
  );
  return { contents: lines.join('\n') };
}

/** The line that says from which source the next ones are. */
const origin = /^\/\/ ((?:node_modules|src|migrations|demo)\/.*)$/gm;

const packages = {
  name: 'packages',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici$/ }, ({ path }) => ({ path, namespace: 'undici' }));
    onLoad({ filter: /./, namespace: 'undici' }, () => ({ contents: undici, resolveDir: '.' }));
    for (const { from, asked, contents } of replaced) {
      const namespace = `replaced ${asked}`;
      onResolve({ filter: asked }, ({ path, importer }) => (from.test(importer) ? { path, namespace } : undefined));
      onLoad({ filter: /./, namespace }, () => ({ contents }));
    }
    onResolve({ filter: lazy }, ({ path, importer }) =>
      importer.includes('/node_modules/') ? undefined : { path, namespace: 'lazy' },
    );
    onLoad({ filter: /./, namespace: 'lazy' }, lazyModule);
    onResolve({ filter: /^[^./]/ }, ({ path, importer }) => {
      const isOurs = !importer.includes('/node_modules/');
      return optional.test(path) || (isOurs && !bundled.test(path)) ? { path, external: true } : undefined;
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
await joinRooms(metafile.outputs);
// A process of its own, which runs wait for: without Node's loader of modules, whose start takes a third of its.
await build({
  ...options,
  entryPoints: ['src/database/drivers/sqlite/sqlite-writer.ts'],
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
});
cpSync('src/api/dashboard', 'dist/dashboard', { recursive: true });
writeFileSync('dist/licenses.txt', licensesOf(Object.keys(metafile.inputs)));

/** Puts the files of each room into one, and has all others ask for that. */
async function joinRooms(outputs) {
  const roomOf = roomsOfFiles(outputs);
  const joined = await Promise.all(Object.keys(rooms).map((room) => joinedText(room, roomOf, outputs)));
  const others = Object.keys(outputs).filter((file) => !roomOf.has(file));
  const texts = [...joined, ...others.map((file) => [file, readFileSync(file, 'utf8')])];
  for (const file of roomOf.keys()) rmSync(file);
  for (const [file, text] of texts) writeFileSync(file, withRequire(askingRooms(text, roomOf)));
}

/** Returns the room of each file that is in one. */
function roomsOfFiles(outputs) {
  const files = Object.keys(outputs);
  const roomOf = new Map();
  const place = (file, room) => {
    if (roomOf.has(file)) return;
    roomOf.set(file, room);
    placeNeeded(file, room);
  };
  const placeNeeded = (file, room) => {
    for (const { kind, path, external } of outputs[file].imports) {
      if (kind === 'import-statement' && external !== true) place(path, room);
    }
  };
  for (const [room, modules] of Object.entries(rooms)) {
    for (const module of modules) {
      const file =
        files.find((each) => outputs[each].entryPoint === module) ??
        files.find((each) => Object.hasOwn(outputs[each].inputs, module));
      if (file === undefined) throw new Error(`nobody asks for ${module}, which the room ${room} is to have`);
      // Each command exports `command`, and stays a file beside the room of what it needs.
      (outputs[file].exports.includes('command') ? placeNeeded : place)(file, room);
    }
  }
  return roomOf;
}

async function joinedText(room, roomOf, outputs) {
  const isHere = (path) => roomOf.get(path.replace('./', 'dist/')) === room;
  const files = [...roomOf.keys()].filter(isHere);
  const inside = {
    name: 'inside',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ path, kind }) =>
        kind === 'import-statement' && isHere(path) ? undefined : { path, external: true },
      );
      onLoad({ filter: /\.js$/ }, ({ path }) => ({ contents: readFileSync(path, 'utf8').replace(origin, '//! $1') }));
    },
  };
  const contents = files.map((file) => `export * from '${file.replace('dist/', './')}';`).join('\n');
  const { outputFiles, metafile } = await build({
    ...options,
    stdin: { contents, resolveDir: 'dist' },
    write: false,
    legalComments: 'inline',
    plugins: [inside],
  });
  const [{ exports }] = Object.values(metafile.outputs);
  const lost = files.flatMap((file) => outputs[file].exports).filter((name) => !exports.includes(name));
  if (lost.length > 0) throw new Error(`files of the room ${room} export more than one ${lost.join(', ')}`);
  return [`dist/${room}.js`, outputFiles[0].text.replace(/^\/\/! /gm, '// ')];
}

/** Asks rooms for what has been put into them. */
function askingRooms(text, roomOf) {
  return text.replace(/"\.\/([\w.-]+\.js)"/g, (asked, name) => {
    const room = roomOf.get(`dist/${name}`);
    return room === undefined ? asked : `"./${room}.js"`;
  });
}

/** Packages that are no modules ask for Node's own by `require`. */
function withRequire(text) {
  return /\brequire\b/.test(text)
    ? `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);\n${text}`
    : text;
}

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

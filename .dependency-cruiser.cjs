// The house's one-way imports (docs/architecture.md): cli | api -> tasks -> pipeline -> components -> chain | database -> model | settings -> texts -> runtime.
const layer = (name, ...allowed) => ({
  name: `${name}-imports-down`,
  severity: 'error',
  comment: `${name} may import ${allowed.join(', ') || 'nothing else of ours'}`,
  from: { path: `^src/${name}/` },
  to: { path: '^(src|migrations|test|bench)/', pathNot: `^(${[`src/${name}`, ...allowed].join('|')})[/.]` },
});
const base = ['src/model', 'src/texts', 'src/settings', 'src/runtime'];
module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-circles-of-folders',
      severity: 'error',
      comment: 'what a folder needs does not need it: folders stand on each other in one order',
      scope: 'folder',
      from: { path: '^src/' },
      to: { circular: true },
    },
    layer('runtime'),
    layer('model', 'src/texts', 'src/runtime'),
    layer('texts', 'src/runtime'),
    layer('settings', 'src/runtime'),
    layer('database', ...base, 'migrations'),
    layer('chain', ...base),
    layer('components', 'src/chain', 'src/database', ...base),
    layer('pipeline', 'src/components', 'src/chain', 'src/database', ...base),
    layer('tasks', 'src/pipeline', 'src/components', 'src/chain', 'src/database', ...base),
    layer('api', 'src/tasks', 'src/pipeline', 'src/components', 'src/chain', 'src/database', ...base),
    layer(
      'cli',
      'src/tasks',
      'src/pipeline',
      'src/components',
      'src/chain',
      'src/database',
      'src/api/server/start-api',
      'demo',
      ...base,
    ),
    {
      name: 'demo-is-a-command-apart',
      severity: 'error',
      comment: 'the demo uses what commands use, and whatever else it needs it asks of the program itself',
      from: { path: '^demo/' },
      to: {
        path: '^(src|migrations|test|bench)/',
        pathNot: '^src/(cli/(context|command-line|terminal)/|settings/|texts/|runtime/)',
      },
    },
    {
      name: 'only-command-list-names-the-demo',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/command-list\\.ts$' },
      to: { path: '^demo/' },
    },
    {
      name: 'only-serve-starts-the-api',
      severity: 'error',
      comment: 'api and cli are strangers, but for the command that starts the one',
      from: { path: '^src/cli/', pathNot: '^src/cli/commands/serve\\.ts$' },
      to: { path: '^src/api/' },
    },
    {
      name: 'components-are-strangers',
      severity: 'error',
      comment:
        'kinds never import each other; only the registry knows them. A folder holds the parts of one kind, seam/ what kinds and runs say to each other, keys/ what definitions of several share',
      from: { path: '^src/components/([^/.]+)/' },
      to: {
        path: '^src/components/',
        pathNot: '^src/components/(seam|keys|$1)/',
      },
    },
    {
      name: 'knex-stays-inside-database',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/database/' },
      to: { path: 'node_modules/(knex|mysql2|better-sqlite3)/' },
    },
    {
      name: 'migrations-know-nothing-of-ours',
      severity: 'error',
      from: { path: '^migrations/' },
      to: { path: '^src/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: '(node_modules|^dist)/' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};

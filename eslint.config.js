import tseslint from 'typescript-eslint';

// DESIGN: only cli touches process and the console; only runtime/clock reads time.
const noTime = [
  { object: 'Date', property: 'now', message: 'Time comes from runtime/clock.' },
  { object: 'performance', property: 'now', message: 'Time comes from runtime/clock.' },
  { object: 'process', property: 'hrtime', message: 'Time comes from runtime/clock.' },
  { object: 'AbortSignal', property: 'timeout', message: 'Time comes from runtime/clock.' },
];

const noAny = {
  object: 'AbortSignal',
  property: 'any',
  message: 'On Node 20 its sources keep something of each call for ever: runtime/scope lets go.',
};

export default tseslint.config(
  // Programs of bench/peers/templates import packages that are installed elsewhere, when they are measured.
  {
    ignores: [
      ...['dist/', 'coverage/', 'node_modules/', '**/*.cjs', '*.config.js', 'bin/', 'ops/container/'],
      'bench/peers/templates/',
    ],
  },
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'always' }],
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'no-console': 'error',
      eqeqeq: 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'migrations/**/*.ts', 'demo/**/*.ts'],
    rules: {
      'no-restricted-properties': ['error', ...noTime, noAny],
      'no-restricted-globals': [
        'error',
        { name: 'process', message: 'Only cli touches process.' },
        'setTimeout',
        'setInterval',
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'Time comes from runtime/clock.',
        },
      ],
    },
  },
  {
    files: ['src/runtime/clock.ts'],
    rules: { 'no-restricted-properties': 'off', 'no-restricted-globals': 'off', 'no-restricted-syntax': 'off' },
  },
  {
    // The dashboard is served as it is written: JavaScript for browsers.
    files: ['src/api/dashboard/**/*.js'],
    extends: [tseslint.configs.disableTypeChecked],
    rules: { '@typescript-eslint/no-unused-expressions': 'off' },
  },
  {
    // A command is called once in a process.
    files: ['src/cli/**/*.ts', 'demo/**/*.ts'],
    rules: { 'no-restricted-globals': 'off', 'no-restricted-properties': ['error', ...noTime] },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      'no-console': 'off',
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);

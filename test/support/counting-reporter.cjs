const { relative } = require('node:path');
const Mocha = require('mocha');

const { consoleLog } = Mocha.reporters.Base;

/** Files that take longer are named, in seconds. */
const longSeconds = 5;

/**
 * Mocha's spec reporter, and last lines for programs that read them: the files that took long, the counts of each file in
 * which a test failed, and those of all.
 */
module.exports = class CountingReporter extends Mocha.reporters.Spec {
  #files = new Map();
  #startedAt = 0;

  constructor(runner, options) {
    super(runner, options);
    runner.on('pass', (test) => this.#count(test, 'passes'));
    runner.on('fail', (testOrHook) => this.#count(testOrHook, 'failures'));
    runner.on('pending', (test) => this.#count(test, 'pending'));
    runner.on('suite', (suite) => {
      if (suite.parent?.root) this.#startedAt = performance.now();
    });
    runner.on('suite end', (suite) => {
      if (suite.parent?.root) this.#of(suite.file).seconds += (performance.now() - this.#startedAt) / 1_000;
    });
  }

  epilogue() {
    super.epilogue();
    for (const [file, counts] of this.#files) {
      if (counts.seconds > longSeconds) consoleLog(`mocha: ${relative('.', file)} took ${counts.seconds.toFixed(0)} s`);
      if (counts.failures > 0) consoleLog(`mocha: ${relative('.', file)}: ${inWords(counts)}`);
    }
    consoleLog(`mocha: ${inWords(this.stats)}`);
  }

  #count({ file }, what) {
    if (file !== undefined) this.#of(file)[what]++;
  }

  #of(file) {
    const counts = this.#files.get(file) ?? { passes: 0, failures: 0, pending: 0, seconds: 0 };
    this.#files.set(file, counts);
    return counts;
  }
};

function inWords({ passes, failures, pending }) {
  return `${passes} passed, ${failures} failed, ${pending} skipped`;
}

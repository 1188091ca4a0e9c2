const { relative } = require('node:path');
const Mocha = require('mocha');

const { consoleLog } = Mocha.reporters.Base;

/**
 * Mocha's spec reporter, and last lines for programs that read them: the counts of each file in which a test failed, and
 * those of all.
 */
module.exports = class CountingReporter extends Mocha.reporters.Spec {
  #files = new Map();

  constructor(runner, options) {
    super(runner, options);
    runner.on('pass', (test) => this.#count(test, 'passes'));
    runner.on('fail', (testOrHook) => this.#count(testOrHook, 'failures'));
    runner.on('pending', (test) => this.#count(test, 'pending'));
  }

  epilogue() {
    super.epilogue();
    for (const [file, counts] of this.#files) {
      if (counts.failures > 0) consoleLog(`mocha: ${relative('.', file)}: ${inWords(counts)}`);
    }
    consoleLog(`mocha: ${inWords(this.stats)}`);
  }

  #count({ file }, what) {
    if (file === undefined) return;
    const counts = this.#files.get(file) ?? { passes: 0, failures: 0, pending: 0 };
    counts[what]++;
    this.#files.set(file, counts);
  }
};

function inWords({ passes, failures, pending }) {
  return `${passes} passed, ${failures} failed, ${pending} skipped`;
}

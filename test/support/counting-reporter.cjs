const { relative } = require('node:path');
const Mocha = require('mocha');
const { processorSeconds } = require('./processor-time.ts');

const { consoleLog } = Mocha.reporters.Base;

/** Files that take longer are named, in seconds of time or of processors. */
const longSeconds = 5;

/**
 * Mocha's spec reporter, and last lines for programs that read them: the files that took long or much, the counts of each file in
 * which a test failed, and those of all.
 */
module.exports = class CountingReporter extends Mocha.reporters.Spec {
  #files = new Map();
  #startedAt = 0;
  #processorsAt = 0;

  constructor(runner, options) {
    super(runner, options);
    runner.on('pass', (test) => this.#count(test, 'passes'));
    runner.on('fail', (testOrHook) => this.#count(testOrHook, 'failures'));
    runner.on('pending', (test) => this.#count(test, 'pending'));
    runner.on('suite', (suite) => {
      if (!suite.parent?.root) return;
      this.#startedAt = performance.now();
      this.#processorsAt = processorSeconds();
    });
    runner.on('suite end', (suite) => {
      if (!suite.parent?.root) return;
      const counts = this.#of(suite.file);
      counts.seconds += (performance.now() - this.#startedAt) / 1_000;
      counts.processors += processorSeconds() - this.#processorsAt;
    });
  }

  epilogue() {
    super.epilogue();
    for (const [file, counts] of this.#files) {
      if (Math.max(counts.seconds, counts.processors) > longSeconds) {
        const took = `${counts.seconds.toFixed(0)} s, ${counts.processors.toFixed(0)} s of processors`;
        consoleLog(`mocha: ${relative('.', file)} took ${took}`);
      }
      if (counts.failures > 0) consoleLog(`mocha: ${relative('.', file)}: ${inWords(counts)}`);
    }
    consoleLog(`mocha: ${inWords(this.stats)}`);
  }

  #count({ file }, what) {
    if (file !== undefined) this.#of(file)[what]++;
  }

  #of(file) {
    const counts = this.#files.get(file) ?? { passes: 0, failures: 0, pending: 0, seconds: 0, processors: 0 };
    this.#files.set(file, counts);
    return counts;
  }
};

function inWords({ passes, failures, pending }) {
  return `${passes} passed, ${failures} failed, ${pending} skipped`;
}

const Mocha = require('mocha');

/** Mocha's spec reporter, and a last line with the counts alone for programs that read them. */
module.exports = class CountingReporter extends Mocha.reporters.Spec {
  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    Mocha.reporters.Base.consoleLog(`mocha: ${passes} passed, ${failures} failed, ${pending} skipped`);
  }
};

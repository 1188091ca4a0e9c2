const works: (() => unknown)[] = [];

/** Runs `work` after the last test of the whole run, or when a benchmark calls `endAll`; the latest work first. */
export function atEnd(work: () => unknown): void {
  works.push(work);
}

/** Ends what was started; benchmarks call it, mocha does so by itself. */
export async function endAll(): Promise<void> {
  for (let work = works.pop(); work !== undefined; work = works.pop()) await work();
}

// At the top level of a module that a test file imports, this is a hook of mocha's root suite.
if (typeof after === 'function') {
  after('end what the tests started', async function () {
    this.timeout(60_000);
    await endAll();
  });
}

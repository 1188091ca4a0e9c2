const works: (() => unknown)[] = [];

/** Runs `work` after the last test of the whole run, the latest work first. */
export function atEnd(work: () => unknown): void {
  works.push(work);
}

// At the top level of a module that a test file imports, this is a hook of mocha's root suite.
after('end what the tests started', async function () {
  this.timeout(60_000);
  for (let work = works.pop(); work !== undefined; work = works.pop()) await work();
});

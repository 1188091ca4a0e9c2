// What bin/chainparse.js does with the build, done with the sources: coverage then counts the very lines that ran.
const main = (await import(new URL('../../src/cli/main.ts', import.meta.url).href)) as {
  run: (argv: readonly string[]) => Promise<number>;
};
process.exitCode = await main.run(process.argv.slice(2));

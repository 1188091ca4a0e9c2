// What bin/chainparse.js does with the build, done with the sources: coverage then counts the very lines that ran.
import { run } from '../../src/cli/main.js';

process.exitCode = await run(process.argv.slice(2));

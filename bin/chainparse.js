#!/usr/bin/env node
import { run } from '../dist/main.js';

/** What a command leaves behind, such as a connection to a server that is frozen, holds the process no longer than this. */
const lingerMs = 2_000;

process.exitCode = await run(process.argv.slice(2));
setTimeout(() => process.exit(), lingerMs).unref();

// Loaded into the process that is measured: says at its end for how long its event loop was once held up.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';

const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
process.once('exit', () => process.stderr.write(`event loop delay: ${Math.round(delay.max / 1e6)} ms\n`));

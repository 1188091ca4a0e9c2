import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Child } from './child.js';

describe('a process that a test freezes', () => {
  it('stands still with all its threads when the signal has been sent, however busy it is', async function () {
    if (!existsSync('/proc/self/task')) this.skip(); // only Linux tells the state of threads
    const busy = 'const { Worker } = require("worker_threads"); console.log("up");';
    const script = `${busy} new Worker("for (;;) {}", { eval: true }); for (;;) {}`;
    const child = new Child(process.execPath, ['-e', script]);
    await child.output(/up/);
    for (let round = 0; round < 20; round++) {
      child.signal('SIGSTOP');
      const states = execFileSync('sh', ['-c', `cat /proc/${child.pid}/task/*/stat`], { encoding: 'utf8' });
      for (const line of states.trim().split('\n')) expect(line).to.match(/\) [TtZX] /);
      child.signal('SIGCONT');
    }
    await child.kill();
  });
});

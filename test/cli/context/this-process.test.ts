import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { expect } from 'chai';
import { thisProcess } from '../../../src/cli/context/this-process.js';
import { eventually } from '../../support/within.js';

describe('a process of this host', () => {
  const self = thisProcess();
  const { name, identity } = self;

  it('is not gone while it runs', () => {
    expect(self.isGone(name, identity)).to.equal(false);
    expect(self.isGone(name, null)).to.equal(false);
  });

  it('is gone where another process has its number now', function () {
    if (identity === null) return this.skip(); // only Linux tells when a process began
    expect(self.isGone(name, `${identity}0`)).to.equal(true);
  });

  it('is not known to be gone while it runs and is hidden, as /proc hides what is of other users', function () {
    if (identity === null) return this.skip(); // only Linux tells when a process began
    const hiding = thisProcess(() => null);
    expect(hiding.isGone(name, identity)).to.equal(false);
    expect(hiding.isGone(`${hostname()}:999999999`, identity), 'no process has that number').to.equal(true);
  });

  it('is not known to be gone where it ran on another host or in another container', () => {
    expect(self.isGone('elsewhere:1', null)).to.equal(false);
    expect(self.isGone(`${hostname()}:999999999`, 'boot/pid:[1]/1')).to.equal(false);
  });

  it('is gone when it has ended, also while nobody has asked how', async function () {
    if (!existsSync('/proc/self/stat')) return this.skip(); // only Linux tells that a process is a zombie
    // The shell becomes a program that never looks after its child.
    const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 30'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(line.toString());
      await eventually('the child has ended', () => / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')), 5_000);
      expect(self.isGone(`${hostname()}:${pid}`, null)).to.equal(true);
    } finally {
      parent.kill('SIGKILL');
    }
  });
});

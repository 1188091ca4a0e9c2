import { expect } from 'chai';
import { Child } from './child.js';
import { runChainparse } from './processes.js';
import { eventually } from './within.js';

const node = (script: string): Child => new Child(process.execPath, ['-e', script]);

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('a child process', () => {
  it('gives its output and its exit code', async () => {
    const result = await node('console.log("out"); console.error("err"); process.exitCode = 3').exit();
    expect(result).to.deep.equal({ code: 3, signal: null, stdout: 'out\n', stderr: 'err\n' });
  });

  it('is awaited until it writes a text', async () => {
    const child = node('setTimeout(() => console.log("port 4711"), 50); setInterval(() => {}, 1000)');
    expect((await child.output(/port (\d+)/))[1]).to.equal('4711');
    expect((await child.kill()).signal).to.equal('SIGKILL');
  });

  it('is told apart from one that ends without that text', async () => {
    const complaint = await node('console.log("no")').output(/yes/).catch(String);
    expect(complaint).to.match(/ended without writing[\s\S]*stdout: no/);
  });

  it('can be frozen, thawed and asked to end', async () => {
    const child = node('let n = 0; console.log("up"); setInterval(() => console.log(n++), 5)');
    await child.output(/up/);
    child.signal('SIGSTOP');
    const before = child.stdout.length;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(child.stdout.length).to.be.lessThan(before + 100);
    child.signal('SIGCONT');
    child.signal('SIGTERM');
    expect((await child.exit()).signal).to.equal('SIGTERM');
  });

  it('complains with its output when it takes too long', async () => {
    const child = node('console.log("busy"); setInterval(() => {}, 1000)');
    await child.output(/busy/);
    expect(await child.exit(10).catch(String)).to.match(/did not end\nstdout: busy/);
    await child.kill();
  });

  it('is gone when it has ended, even if what it started lives on', async () => {
    const script = 'const c = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" })';
    const child = node(`const { spawn } = require("child_process"); ${script}; console.log("pid", c.pid)`);
    const orphan = Number((await child.output(/pid (\d+)/))[1]);
    expect((await child.kill()).stdout).to.contain('pid');
    process.kill(orphan, 'SIGKILL');
  });

  it('is reached together with what it started', async () => {
    const script = 'spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" })';
    const child = node(`const { spawn } = require("child_process"); console.log("pid", ${script}.pid)`);
    const started = Number((await child.output(/pid (\d+)/))[1]);
    child.signalGroup('SIGKILL');
    await child.exit();
    await eventually('the other process is gone', () => !isAlive(started));
  });

  it('reports a program that is not there', async () => {
    const result = await new Child('/no/such/program', []).exit();
    expect(result).to.include({ code: null, signal: null });
    expect(result.stderr).to.contain('ENOENT');
  });
});

describe('a command', () => {
  it('runs to its end in a folder of its own', async () => {
    const result = await runChainparse(['--version']);
    expect(result).to.deep.include({ code: 0, stderr: '' });
    expect(result.stdout).to.match(/^\d+\.\d+\.\d+\n$/);
  });

  it('sees the settings of its test and no others', async () => {
    process.env['CHAINPARSE_LOG_DIR'] = 'of-the-outer-world';
    const { stdout } = await runChainparse(['config'], { env: { CHAINPARSE_STALL_AFTER: '4711' } });
    delete process.env['CHAINPARSE_LOG_DIR'];
    expect(stdout).to.contain('4711').and.not.contain('of-the-outer-world');
  });
});

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { CommandChannel } from '../../../src/cli/running/command-channel.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { AlertDeliveryError } from '../../../src/runtime/errors.js';
import { pipelineHangs } from '../../../src/tasks/alerts/alert-conditions.js';
import { toAlertMessage, type AlertMessage } from '../../../src/tasks/alerts/alert-message.js';
import { followersOf } from '../../support/followers-of.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { eventually } from '../../support/within.js';
import { rejectionOf } from '../../support/rejection.js';

const message = toAlertMessage('raised', pipelineHangs({ taskId: 123, pipelineId: 45 }, 300, 'host-1:4711'), {
  ...{ alertId: 7, worker: 'here:1', openSeconds: 0, now: 0 },
});

interface RunOptions {
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly message?: AlertMessage;
}

/** A zombie that nobody has waited for yet still has its number. */
function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

describe('the command of alerts', () => {
  let folder: string;

  beforeEach(() => (folder = temporaryFolder()));

  const run = (
    command: readonly string[],
    { timeoutMs = 10_000, env = process.env, message: sent = message }: RunOptions = {},
  ): Promise<void> =>
    new CommandChannel({ command, timeoutMs, clock: systemClock, cwd: folder, env }).send(
      sent,
      new AbortController().signal,
    );
  const failure = async (command: readonly string[], timeoutMs?: number): Promise<string> => {
    const error = await rejectionOf(run(command, timeoutMs === undefined ? {} : { timeoutMs }), AlertDeliveryError);
    expect(error.retryable).to.equal(false);
    return error.message;
  };
  const written = (name: string): string => readFileSync(join(folder, name), 'utf8');

  it('gets the message as JSON on its standard input', async () => {
    await run(['sh', '-c', 'cat > stdin']);
    expect(JSON.parse(written('stdin'))).to.deep.equal(message);
  });

  it('is dropped with the reason of its signal, and leaves nothing there', async () => {
    const ended = new AbortController();
    const channel = new CommandChannel({
      ...{ command: ['sleep', '60'], timeoutMs: 60_000, clock: systemClock, cwd: folder, env: process.env },
    });
    const dropped = rejectionOf(channel.send(message, ended.signal));
    ended.abort(new Error('this process has ended'));
    expect(await dropped).to.equal(ended.signal.reason);
    const other = new AbortController();
    const quick = new CommandChannel({
      ...{ command: ['true'], timeoutMs: 60_000, clock: systemClock, cwd: folder, env: process.env },
    });
    await quick.send(message, other.signal);
    expect(followersOf(other.signal)).to.equal(0);
  });

  it('gets it in variables too', async () => {
    await run(['sh', '-c', 'env | grep ^CHAINPARSE_ALERT_ | sort > variables']);
    expect(written('variables').trim().split('\n')).to.deep.equal([
      'CHAINPARSE_ALERT_ID=7',
      'CHAINPARSE_ALERT_KEY=pipeline_stalled:pipeline 45',
      'CHAINPARSE_ALERT_MESSAGE=pipeline 45 has not moved for 5 min: task 123 on host-1:4711 stops beating',
      'CHAINPARSE_ALERT_PIPELINE_ID=45',
      'CHAINPARSE_ALERT_RULE=pipeline_stalled',
      'CHAINPARSE_ALERT_STATE=open',
      'CHAINPARSE_ALERT_SUBJECT=pipeline 45',
      'CHAINPARSE_ALERT_TASK_ID=123',
      'CHAINPARSE_ALERT_TYPE=alert.raised',
    ]);
  });

  it('is read by no shell', async () => {
    await run(['touch', 'a b', '$(touch c); touch d']);
    expect(existsSync(join(folder, 'a b'))).to.equal(true);
    expect(existsSync(join(folder, 'c'))).to.equal(false);
  });

  it('need not read what it gets', async () => {
    await run(['true']);
  });

  it('is killed when its time is over, with all that it started', async () => {
    expect(await failure(['sh', '-c', 'sleep 60 & echo $! > pid; wait'], 500)).to.equal('it was killed after 0.5 s');
    const pid = Number(written('pid'));
    await eventually('its child is gone', () => !isAlive(pid));
  });

  it('fails where it is missing or ends badly', async () => {
    expect(await failure(['/nowhere/at-all'])).to.match(/^it could not be started: .*ENOENT/);
    expect(await failure(['sh', '-c', 'exit 3'])).to.equal('it ended with exit code 3');
    expect(await failure(['sh', '-c', 'kill -TERM $$'])).to.equal('it was ended by SIGTERM');
  });

  it('gets PATH, HOME, LANG and TZ of the environment, and nothing else', async () => {
    const own = { PATH: String(process.env['PATH']), HOME: '/home/me', LANG: 'C', TZ: 'Asia/Tokyo' };
    const env = { ...own, PAGER_TOKEN: 's3cret', AWS_SECRET_ACCESS_KEY: 's3cret', CHAINPARSE_API_TOKEN: 's3cret' };
    const list = "require('fs').writeFileSync('variables', JSON.stringify(process.env))";
    await run([process.execPath, '-e', list], { env });
    const given = JSON.parse(written('variables')) as Record<string, string>;
    const others = Object.entries(given).filter(([name]) => !name.startsWith('CHAINPARSE_ALERT_'));
    expect(Object.fromEntries(others)).to.deep.equal(own);
    expect(given).to.include({ CHAINPARSE_ALERT_KEY: 'pipeline_stalled:pipeline 45' });
  });

  it('is told of rows that hold a NUL, or very much', async () => {
    const text = `a\0b${'é'.repeat(1_000_000)}`;
    const hostile = { ...message, data: { ...message.data, message: text, subject: 'c\0' } };
    await run(['sh', '-c', 'cat > stdin; printenv CHAINPARSE_ALERT_MESSAGE CHAINPARSE_ALERT_SUBJECT > variables'], {
      message: hostile,
    });
    expect(written('variables')).to.match(/^a\ufffdbé+\nc\ufffd\n$/);
    expect(JSON.parse(written('stdin'))).to.deep.equal(hostile);
  });

  it('fails, and ends nobody, where the process has no file descriptor left for it', () => {
    const at = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
    const program = `
      import { openSync } from 'node:fs';
      import { CommandChannel } from ${at('../../../src/cli/running/command-channel.js')};
      import { systemClock as clock } from ${at('../../../src/runtime/clock.js')};
      const channel = new CommandChannel({ command: ['true'], timeoutMs: 10_000, clock, cwd: '/', env: {} });
      const message = JSON.parse(process.env.MESSAGE);
      try { for (;;) openSync('/dev/null', 'r'); } catch {}
      const error = await channel.send(message, new AbortController().signal).catch((error) => error);
      setImmediate(() => console.log(error.message));
    `;
    const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', program];
    const env = { ...process.env, MESSAGE: JSON.stringify(message) };
    const limited = ['-c', 'ulimit -n 100; exec "$@"', 'sh', process.execPath, ...args];
    const { stdout, stderr } = spawnSync('sh', limited, { env, encoding: 'utf8' });
    expect(stdout, stderr).to.equal('it could not be started: spawn true EMFILE\n');
  });
});

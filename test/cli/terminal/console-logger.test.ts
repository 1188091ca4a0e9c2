import { expect } from 'chai';
import { createConsoleLogger, type ConsoleLoggerOptions } from '../../../src/cli/terminal/console-logger.js';
import { StatusLine } from '../../../src/cli/terminal/status-line.js';
import { SecretMask } from '../../../src/runtime/secrets.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeStream } from '../fake-io.js';

function printed(options: Partial<ConsoleLoggerOptions>, message = 'at https://a.example/KEY'): string {
  const stream = new FakeStream();
  const logger = createConsoleLogger({
    settings: { logLevel: 'info', logFormat: 'auto' },
    statusLine: new StatusLine(stream),
    isTerminal: false,
    color: true,
    quiet: false,
    clock: new FakeClock(),
    secrets: new SecretMask(),
    ...options,
  });
  logger.log('debug', 'detail');
  logger.log('warn', message, { event: 'a.b', task_id: 1 });
  return stream.text;
}

describe('the console logger', () => {
  it('writes for programs where stderr is no terminal', () => {
    const line = JSON.parse(printed({})) as Record<string, unknown>;
    expect(line).to.include({ level: 'warn', event: 'a.b', task_id: 1, msg: 'at https://a.example/***' });
  });

  it('writes for people on a terminal', () => {
    const plain = printed({ isTerminal: true, color: false });
    expect(plain).to.match(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d warn {2}at https:\/\/a\.example\/\*\*\*\n$/);
    expect(printed({ isTerminal: true })).to.contain('\u001b[');
  });

  it('writes in the format and from the level that the settings say', () => {
    const pretty = printed({ settings: { logLevel: 'debug', logFormat: 'pretty' } });
    expect(pretty).to.contain('debug detail\n').and.not.to.contain('\u001b[');
    const json = printed({ isTerminal: true, settings: { logLevel: 'error', logFormat: 'json' } });
    expect(json).to.equal('');
  });

  it('leaves out everything but errors where only results are wanted', () => {
    expect(printed({ quiet: true, settings: { logLevel: 'debug', logFormat: 'json' } })).to.equal('');
  });

  it('lets no message steer the terminal or forge a line, in either format', () => {
    for (const logFormat of ['pretty', 'json'] as const) {
      const text = printed(
        { isTerminal: true, color: false, settings: { logLevel: 'info', logFormat } },
        'a\u001b[2J\u009b\nb',
      );
      expect(text.trimEnd())
        .to.match(/a(\ufffd|\\u001b)\[2J(\ufffd|\\u009b)( |\\n)b/)
        .and.not.to.match(/\p{Cc}/u);
    }
  });
});

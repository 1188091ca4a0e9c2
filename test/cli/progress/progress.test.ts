import { expect } from 'chai';
import { createProgressReporter } from '../../../src/cli/progress/progress.js';
import { durationText } from '../../../src/cli/progress/progress-text.js';
import { StatusLine } from '../../../src/cli/terminal/status-line.js';
import type { Progress } from '../../../src/model/task.js';
import type { LogFields, Logger } from '../../../src/runtime/logger.js';
import type { Lang } from '../../../src/runtime/lang.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeStream } from '../fake-io.js';

interface SetUp {
  readonly clock: FakeClock;
  readonly stream: FakeStream;
  readonly statusLine: StatusLine;
  readonly lines: [string, LogFields | undefined][];
  readonly reporter: ReturnType<typeof createProgressReporter>;
  /** Returns what was drawn since the last call. */
  readonly drawn: () => string;
}

function setUp({ terminal = true, lang = 'en' }: { terminal?: boolean; lang?: Lang } = {}): SetUp {
  const clock = new FakeClock();
  const stream = new FakeStream(terminal);
  const statusLine = new StatusLine(stream);
  const lines: [string, LogFields | undefined][] = [];
  const logger: Logger = { log: (_level, message, fields) => lines.push([message, fields]) };
  const reporter = createProgressReporter({
    ...{ taskId: 7, lang, clock, logger },
    statusLine: terminal ? statusLine : undefined,
  });
  const drawn = (): string => {
    const text = stream.text.replaceAll('\r\u001b[2K', '|');
    stream.text = '';
    return text;
  };
  return { clock, stream, statusLine, lines, reporter, drawn };
}

function historical(nextBlock: number, events: number): Progress {
  return { mode: 'historical', nextBlock, targetBlock: 199, headBlock: 500, events };
}

const realtime: Progress = { mode: 'realtime', nextBlock: 98, targetBlock: null, headBlock: 100, events: 4711 };

describe('the progress of a historical run', () => {
  it('is a bar with blocks, events, events a second and the time that is left', async () => {
    const { clock, reporter, drawn } = setUp();
    reporter.update(historical(100, 0));
    expect(drawn()).to.equal(`|${'░'.repeat(24)} 0 %, block 99/199, 0 events, 0 events/s`);
    await clock.advance(500);
    reporter.update(historical(150, 2_000));
    const text = '50 %, block 149/199, 2,000 events, 4,000 events/s, ETA 1s';
    expect(drawn()).to.equal(`|${'█'.repeat(11)}${'░'.repeat(10)} ${text}`);
    reporter.end();
  });

  it('tells no time that is left while it waits for blocks that the chain has not come to', async () => {
    const { clock, reporter, drawn } = setUp();
    const upTo = (nextBlock: number): Progress => ({ ...historical(nextBlock, 5), headBlock: 149 });
    reporter.update(upTo(100));
    await clock.advance(500);
    reporter.update(upTo(150));
    expect(drawn()).to.contain('waiting for block 150: the chain is at 149, 5 events').and.not.to.contain('ETA');
    reporter.end();
  });

  it('is not drawn more often than eyes can follow', async () => {
    const { clock, reporter, drawn } = setUp();
    reporter.update(historical(100, 0));
    drawn();
    reporter.update(historical(101, 1));
    expect(drawn()).to.equal('');
    await clock.advance(100);
    reporter.update(historical(102, 2));
    expect(drawn()).to.contain('block 101/199');
    reporter.end();
  });

  it('goes by its last half minute, however often it is told', async () => {
    const { clock, reporter, drawn } = setUp();
    for (let told = 0; told <= 400; told++) {
      reporter.update(historical(100, told <= 200 ? 0 : (told - 200) * 100));
      drawn();
      await clock.advance(250);
    }
    reporter.update(historical(101, 20_000));
    expect(drawn()).to.match(/ (39\d|400) events\/s/);
    reporter.end();
  });

  it('leaves its last state behind when the run ends', async () => {
    const { clock, reporter, drawn } = setUp();
    reporter.update(historical(100, 0));
    reporter.update(historical(200, 9));
    drawn();
    reporter.end();
    expect(drawn()).to.match(/^\|█+ 100 %, block 199\/199, 9 events, .*\n$/);
    expect(clock.sleeping).to.equal(0);
    await clock.advance(5_000);
    expect(drawn()).to.equal('');
  });

  it('makes room for log lines', () => {
    const { statusLine, reporter, drawn } = setUp();
    reporter.update(historical(100, 0));
    const bar = drawn().slice(1);
    statusLine.write('a log line\n');
    expect(drawn()).to.equal(`|a log line\n${bar}`);
    reporter.end();
  });
});

describe('the progress of a realtime run', () => {
  it('is a line with head, lag, events and last heartbeat', () => {
    const { clock, reporter, drawn } = setUp();
    reporter.update(realtime, () => clock.now() - 2_000);
    expect(drawn()).to.equal('|head 100, 2 blocks behind, 4,711 events, last heartbeat 2 s ago');
    reporter.end();
  });

  it('lets the last heartbeat grow old while nothing happens', async () => {
    const { clock, reporter, drawn } = setUp();
    let beatAt = clock.now();
    reporter.update(realtime, () => beatAt);
    drawn();
    await clock.advance(3_000);
    expect(drawn()).to.match(/last heartbeat 3 s ago$/);
    beatAt = clock.now();
    await clock.advance(1_000);
    expect(drawn()).to.match(/last heartbeat 1 s ago$/);
    reporter.end();
  });

  it('speaks Chinese', () => {
    const { clock, reporter, drawn } = setUp({ lang: 'zh' });
    reporter.update(realtime, () => clock.now());
    expect(drawn()).to.equal('|链头 100, 落后 2 个区块, 4,711 个事件, 最后心跳 0 秒前');
    reporter.end();
  });
});

describe('progress without a terminal', () => {
  it('is a log line every ten seconds, which names the task', async () => {
    const { clock, reporter, lines, drawn } = setUp({ terminal: false });
    for (let second = 0; second <= 25; second++) {
      reporter.update(historical(100 + second, second * 10));
      await clock.advance(1_000);
    }
    reporter.end();
    expect(lines.map(([message]) => message)).to.deep.equal([
      'task 7: 10 %, block 109/199, 100 events, 10 events/s, ETA 1m30s',
      'task 7: 20 %, block 119/199, 200 events, 10 events/s, ETA 1m20s',
    ]);
    expect(lines[0]?.[1]).to.include({ event: 'task.progress', mode: 'historical', next_block: 110, events: 100 });
    expect(drawn()).to.equal('');
  });
});

describe('durationText', () => {
  it('writes seconds, minutes and hours', () => {
    expect([0.4, 59, 60, 3_599, 3_600, 90_061].map(durationText)).to.deep.equal([
      '0s',
      '59s',
      '1m00s',
      '59m59s',
      '1h00m',
      '25h01m',
    ]);
  });
});

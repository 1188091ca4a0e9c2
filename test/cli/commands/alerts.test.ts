import { join } from 'node:path';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { AlertStore } from '../../../src/database/operations/alert-store.js';
import { noMonitor, pipelineHangs } from '../../../src/tasks/alerts/alert-conditions.js';
import { openMigrated } from '../../support/migrated-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { runIn } from '../run-in.js';
import type { CommandResult } from '../run-in.js';

describe('chainparse alerts', () => {
  let folder: string;

  beforeEach(async () => {
    folder = temporaryFolder();
    const database = await openMigrated(`sqlite:${join(folder, 'chainparse.db')}`);
    const store = new AlertStore(database);
    const options = { worker: 'here:1', repeatSeconds: 3_600, openSeconds: 0 };
    await store.raise(noMonitor(), options);
    await store.raise(pipelineHangs({ taskId: 123, pipelineId: 45 }, 300, 'host-1:4711'), options);
    await store.clear('no_monitor:monitor');
    await database.close();
  });

  const alerts = (...argv: string[]): Promise<CommandResult> =>
    runIn(folder, 'alerts', ...argv, '--database', `sqlite:${join(folder, 'chainparse.db')}`, '--lang', 'en');

  it('list shows what stands, and with --all what was cleared too', async () => {
    const open = await alerts('list');
    expect(open.code).to.equal(0);
    expect(open.stdout).to.match(/id +rule +state +raised +for +told +message\n/i);
    expect(open.stdout).to.match(/2 +pipeline_stalled +open +\d{4}-.* pipeline 45 has not moved for 5 min/);
    expect(open.stdout).not.to.contain('no_monitor');
    expect((await alerts('list', '--all')).stdout).to.match(/1 +no_monitor +cleared/);
    const limited = await alerts('list', '--all', '--limit', '1');
    expect(limited.stdout.trim().split('\n')).to.have.length(2);
    expect(limited.stderr).to.contain('2 alerts in all');
    const chinese = await runIn(
      folder,
      'alerts',
      'list',
      '--database',
      `sqlite:${folder}/chainparse.db`,
      '--lang',
      'zh',
    );
    expect(chinese.stdout).to.contain('触发时间').and.to.contain('未清除');
    const [said = ''] = /流水线 45 .*/.exec(chinese.stdout) ?? [];
    expect(said).not.to.equal('');
    const where = ['--database', `sqlite:${folder}/chainparse.db`];
    const status = await runIn(folder, 'status', '--once', ...where, '--lang', 'zh');
    expect(status.stdout).to.contain(said.slice(0, 20)).and.not.to.contain('has not moved');
  });

  it('list prints JSON', async () => {
    const { stdout } = await alerts('list', '--json');
    const document = JSON.parse(stdout) as { alerts: Record<string, unknown>[]; total: number };
    expect(document.total).to.equal(1);
    expect(document.alerts[0]).to.have.all.keys(
      ...['alert_id', 'rule', 'subject', 'state', 'message', 'task_id', 'pipeline_id', 'worker', 'create_time'],
      ...['notify_time', 'notifications', 'clear_time', 'cleared_by', 'open_seconds', 'details'],
      ...['severity', 'since', 'since_seconds', 'muted', 'muted_until', 'link', 'message_zh'],
    );
    expect(document.alerts[0]).to.deep.include({ alert_id: 2, state: 'open', severity: 'critical', link: null });
  });

  it('clear clears one, and says where it was cleared already or there is none', async () => {
    const cleared = await alerts('clear', '2');
    expect([cleared.code, cleared.stdout]).to.deep.equal([0, 'alert 2 cleared\n']);
    const again = await alerts('clear', '2');
    expect(again.code).to.equal(1);
    expect(again.stderr).to.contain('error: alert 2 has been cleared already');
    const none = await alerts('clear', '99');
    expect(none.code).to.equal(3);
    expect(none.stderr).to.contain('error: there is no alert 99');
  });

  it('clear --all clears every one, and wants an id or --all', async () => {
    expect((await alerts('clear', '--all')).stdout).to.equal('1 alert cleared\n');
    expect((await alerts('clear', '--all', '--json')).stdout).to.equal('{"cleared":0}\n');
    for (const argv of [[], ['2', '--all']]) {
      const wrong = await alerts('clear', ...argv);
      expect(wrong.code).to.equal(2);
      expect(wrong.stderr).to.contain('error: give the id of an alert, or --all');
    }
  });

  it('mute keeps an alert from being told for a while, and unmute tells it again', async () => {
    const muted = await alerts('mute', '2', '--for', '2h');
    expect([muted.code, muted.stderr]).to.deep.equal([0, '']);
    expect(muted.stdout).to.match(/^nobody is told of pipeline_stalled:pipeline 45 until \d{4}-\d\d-\d\dT/);
    expect((await alerts('list')).stdout).to.match(/2 +pipeline_stalled +muted /);
    const [listed] = (JSON.parse((await alerts('list', '--json')).stdout) as { alerts: object[] }).alerts;
    expect(listed).to.include({ muted: true, state: 'open' });
    expect((await alerts('mute', '--rule', 'lag', '--until', '2999-01-01')).code).to.equal(2);
    await alerts('mute', '--rule', 'lag');
    expect((await alerts('mutes')).stdout).to.match(/^muted +until +left\nlag +\d.*\npipeline_stalled:pipeline 45 /i);
    expect((await alerts('unmute', '2')).stdout).to.equal('1 mute ended\n');
    expect((await alerts('unmute', '--all', '--json')).stdout).to.equal('{"unmuted":1}\n');
    expect((await alerts('list')).stdout).to.match(/2 +pipeline_stalled +open /);
  });

  it('mute says what is wrong with what it is given', async () => {
    const wrong: readonly [code: number, error: RegExp, ...argv: string[]][] = [
      [2, /give the id of an alert, or a rule, a pipeline or both/],
      [2, /give the id of an alert, or a rule, a pipeline or both/, '2', '--rule', 'lag'],
      [2, /'moon' is not one of pipeline_down/, '--rule', 'moon'],
      [2, /--for '2' is no time of up to a year/, '2', '--for', '2'],
      [2, /--until 'soon' is no instant/, '2', '--until', 'soon'],
      [2, /--until '2027-02-30' is no day of the calendar/, '2', '--until', '2027-02-30'],
      [2, /--until '2027-02-30T10:00:00Z' is no day of the calendar/, '2', '--until', '2027-02-30T10:00:00Z'],
      [2, /--until '2001-01-01T00:00:00Z' is not within the year/, '2', '--until', '2001-01-01T00:00:00Z'],
      [3, /there is no alert 99/, '99'],
      [3, /there is no pipeline 77/, '--pipeline', '77'],
    ];
    for (const [code, error, ...argv] of wrong) {
      const result = await alerts('mute', ...argv);
      expect([result.code, result.stderr], argv.join(' ')).to.satisfy(
        ([found, text]: [number, string]) => found === code && error.test(text),
      );
    }
    expect((await alerts('unmute')).code).to.equal(2);
  });

  it('test sends a message through each channel, and says what became of it', async () => {
    const nothing = await alerts('test');
    expect(nothing.code).to.equal(2);
    expect(nothing.stderr).to.contain('error: nobody is told of alerts: no channel is set');
    const config = 'alerts:\n  page_url: https://page.example/\n  command: [sh, -c, "cat > got.json"]\n';
    writeFileSync(join(folder, 'chainparse.config.yaml'), config);
    const sent = await alerts('test');
    expect([sent.code, sent.stdout, sent.stderr]).to.deep.equal([0, 'command: delivered\n', '']);
    const message = JSON.parse(readFileSync(join(folder, 'got.json'), 'utf8')) as Record<string, unknown>;
    expect(message).to.include({ type: 'alert.test' });
    expect(message).to.nested.include({ 'data.link': 'https://page.example/#/alerts' });
    writeFileSync(join(folder, 'chainparse.config.yaml'), `${config}  webhook_url: http://127.0.0.1:1/secret-path\n`);
    const told = await alerts('test');
    expect(told.code).to.equal(1);
    expect(told.stdout).to.match(/^webhook: .*ECONNREFUSED.*\ncommand: delivered\n$/);
    expect(told.stderr).to.match(
      /^error: 1 of 2 channels failed, webhook first: .*ECONNREFUSED.*\nhint: chainparse config shows what each channel /,
    );
    const failed = await alerts('test', '--json');
    expect(failed.code).to.equal(1);
    expect(failed.stdout).to.match(/"channel":"webhook","error":".*ECONNREFUSED.*","ok":false/);
    expect(failed.stdout).not.to.contain('secret-path');
  });
});

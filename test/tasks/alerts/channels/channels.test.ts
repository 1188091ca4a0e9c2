import { expect } from 'chai';
import { systemClock } from '../../../../src/runtime/clock.js';
import { AlertDeliveryError } from '../../../../src/runtime/errors.js';
import { noMonitor, pipelineLags } from '../../../../src/tasks/alerts/alert-conditions.js';
import { toAlertMessage, type AlertChannel, type AlertNews } from '../../../../src/tasks/alerts/alert-message.js';
import { AlertOutbox } from '../../../../src/tasks/alerts/alert-outbox.js';
import { discordChannel, slackChannel, telegramChannel } from '../../../../src/tasks/alerts/channels/chat-channel.js';
import { PagerDutyChannel } from '../../../../src/tasks/alerts/channels/pagerduty-channel.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { HookServer } from '../../../support/hook-server.js';
import { MemoryLogger } from '../../../support/memory-logger.js';
import { rejectionOf } from '../../../support/rejection.js';
import { eventually } from '../../../support/within.js';

const lag = pipelineLags({ id: 45, name: '<!here> @everyone *x*' }, { taskId: 7, blocks: 900, sinceSeconds: 301 });
const told = { alertId: 12, worker: 'host-1:4711', openSeconds: 0, now: 0, pageUrl: 'https://page.example/' };
const message = (news: AlertNews | 'test', condition = lag) => toAlertMessage(news, condition, told);
const signal = new AbortController().signal;

describe('the ready channels of alerts', () => {
  let hook: HookServer;
  const limit = { timeoutMs: 5_000, clock: systemClock };

  before(async () => (hook = await HookServer.start()));
  beforeEach(() => {
    hook.got.length = 0;
    hook.answer = (response): void => void response.end('ok');
  });

  async function bodyOf(channel: AlertChannel, news: AlertNews | 'test' = 'raised'): Promise<Record<string, unknown>> {
    await channel.send(message(news), signal);
    return JSON.parse(hook.got.at(-1)?.body ?? '') as Record<string, unknown>;
  }

  it('tell a room of Slack, which is called by no text', async () => {
    const { text } = await bodyOf(slackChannel({ ...limit, url: hook.url }));
    expect(text).to.equal(
      '🟡 *WARNING lag*\npipeline 45 (&lt;!here&gt; @everyone *x*) is 900 blocks behind the head, and has not gained for 5 min\n' +
        '<https://page.example/#/pipeline/45|open the page>',
    );
    expect((await bodyOf(slackChannel({ ...limit, url: hook.url }), 'cleared'))['text']).to.contain('🟢 *OVER lag*');
  });

  it('tell a room of Discord, which is called by no text', async () => {
    const body = await bodyOf(discordChannel({ ...limit, url: hook.url }), 'repeated');
    expect(body).to.deep.include({ allowed_mentions: { parse: [] } });
    const [embed] = body['embeds'] as Record<string, unknown>[];
    expect(embed).to.include({ title: 'WARNING lag (still)', url: 'https://page.example/#/pipeline/45' });
    expect(embed?.['description']).to.contain('\\*x\\*');
  });

  it('tell a chat of Telegram by a bot', async () => {
    const channel = telegramChannel({ ...limit, url: `${hook.url}/`, token: '123:secret', chat: '-100' });
    const body = await bodyOf(channel, 'test');
    expect(hook.got[0]?.path).to.match(/\/bot123:secret\/sendMessage$/);
    expect(body).to.deep.include({ chat_id: '-100', link_preview_options: { is_disabled: true } });
    expect(body['text']).to.match(/^🔔 TEST\npipeline 45 /);
  });

  it('trigger an incident of PagerDuty, and resolve the same one', async () => {
    const channel = new PagerDutyChannel({ ...limit, url: hook.url, routingKey: 'r'.repeat(32) });
    const raised = await bodyOf(channel);
    expect(raised).to.deep.include({ event_action: 'trigger', dedup_key: 'chainparse:lag:pipeline 45' });
    expect(raised['payload']).to.deep.include({ severity: 'warning', source: 'host-1:4711', class: 'lag' });
    expect(raised['links']).to.deep.equal([
      { href: 'https://page.example/#/pipeline/45', text: 'the page of chainparse' },
    ]);
    const cleared = await bodyOf(channel, 'cleared');
    expect(cleared).to.deep.equal({
      ...{ routing_key: 'r'.repeat(32), event_action: 'resolve', dedup_key: 'chainparse:lag:pipeline 45' },
    });
    hook.got.length = 0;
    await bodyOf(channel, 'test');
    expect(hook.got.map(({ body }) => /"event_action":"(\w+)"/.exec(body)?.[1])).to.deep.equal(['trigger', 'resolve']);
  });

  it('let no name turn round the sentence in which it stands', async () => {
    const turning = pipelineLags({ id: 14, name: '\u202eevil\u2066' }, { taskId: 7, blocks: 900, sinceSeconds: 301 });
    const chat = { ...limit, url: hook.url };
    const channels = [
      ...[slackChannel(chat), discordChannel(chat), telegramChannel({ ...chat, token: '1:s', chat: '1' })],
      new PagerDutyChannel({ ...chat, routingKey: 'r'.repeat(32) }),
    ];
    for (const channel of channels) {
      await channel.send(message('raised', turning), signal);
      const told = JSON.stringify(JSON.parse(hook.got.at(-1)?.body ?? ''), (key, value: unknown) =>
        key === 'custom_details' ? undefined : value,
      );
      expect(told, channel.name)
        .to.contain('pipeline 14 (\ufffdevil\ufffd) is 900 blocks')
        .and.not.match(/[\u202e\u2066]/);
    }
  });

  it('wait as long as they are asked to, by header or body, and say what was answered', async () => {
    const clock = new FakeClock();
    const answers = [
      { header: { 'retry-after': '7' }, body: '', ms: 7_000 },
      { header: { 'retry-after': new Date(clock.now() + 3_600_000).toUTCString() }, body: '', ms: 3_600_000 },
      { header: { 'retry-after': 'soon' }, body: '{"retry_after":2}', ms: 2_000 },
      { header: {}, body: '{"retry_after":1.5,"global":false}', ms: 1_500 },
      { header: {}, body: '{"ok":false,"parameters":{"retry_after":30}}', ms: 30_000 },
      { header: {}, body: 'no JSON', ms: 0 },
    ];
    for (const { header, body, ms } of answers) {
      hook.answer = (response): void => void response.writeHead(429, header).end(body);
      const error = await rejectionOf(
        telegramChannel({ ...limit, clock, url: hook.url, token: '123:secret', chat: '1' }).send(
          message('raised'),
          signal,
        ),
        AlertDeliveryError,
      );
      expect([error.retryable, error.retryAfterMs]).to.deep.equal([true, ms]);
      expect(error.message).to.equal('it answered with status 429');
    }
    hook.answer = (response): void => void response.writeHead(400).end();
    const refused = await rejectionOf(
      slackChannel({ ...limit, url: hook.url }).send(message('raised'), signal),
      AlertDeliveryError,
    );
    expect(refused.retryable).to.equal(false);
  });

  it('are tried again no sooner than the receiver asked', async () => {
    const clock = new FakeClock();
    const logger = new MemoryLogger();
    let tries = 0;
    const channel: AlertChannel = {
      name: 'busy',
      send: () => {
        if (++tries > 1) return Promise.resolve();
        throw new AlertDeliveryError('busy', { retryable: true, retryAfterMs: 20_000 });
      },
    };
    const outbox = new AlertOutbox({ channels: [channel], clock, logger });
    outbox.post(message('raised', noMonitor()));
    await eventually('it was tried', () => Promise.resolve(tries === 1));
    await clock.advance(19_000);
    expect(tries).to.equal(1);
    await clock.advance(1_100);
    expect(tries).to.equal(2);
    await outbox.close(0);
  });
});

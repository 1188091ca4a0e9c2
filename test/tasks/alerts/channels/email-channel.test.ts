import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { systemClock } from '../../../../src/runtime/clock.js';
import { AlertDeliveryError } from '../../../../src/runtime/errors.js';
import { databaseUnreachable } from '../../../../src/tasks/alerts/alert-conditions.js';
import { toAlertMessage } from '../../../../src/tasks/alerts/alert-message.js';
import { EmailChannel } from '../../../../src/tasks/alerts/channels/email-channel.js';
import { rejectionOf } from '../../../support/rejection.js';

const message = toAlertMessage('raised', databaseUnreachable(240, 'connect\nECONNREFUSED'), {
  ...{ alertId: 12, worker: 'host-1:4711', openSeconds: 0, now: 0, pageUrl: 'https://page.example' },
});

describe('alerts by e-mail', () => {
  let server: SMTPServer;
  let mails: { readonly to: readonly string[]; readonly text: string }[];

  async function listen(options: SMTPServerOptions = {}): Promise<void> {
    server = new SMTPServer({
      ...{ authOptional: true, disabledCommands: ['STARTTLS'], logger: false },
      onData(stream, session, done) {
        let text = '';
        stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
        stream.on('end', () => {
          mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), text });
          done();
        });
      },
      ...options,
    });
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
  }

  beforeEach(() => (mails = []));
  afterEach((done) => {
    server.close(done);
  });

  function send(login = '', { timeoutMs = 5_000, signal = new AbortController().signal } = {}): Promise<void> {
    const { port } = server.server.address() as AddressInfo;
    const addresses = { from: 'chainparse <alerts@example.com>', to: ['anna@example.com', 'ben@example.com'] };
    const url = `smtp://${login}127.0.0.1:${port}`;
    const channel = new EmailChannel({ ...addresses, url, timeoutMs, clock: systemClock });
    return channel.send(message, signal);
  }

  it('say in one line what is wrong, and are one conversation', async () => {
    await listen();
    await send();
    expect(mails[0]?.to).to.deep.equal(['anna@example.com', 'ben@example.com']);
    const text = mails[0]?.text ?? '';
    expect(text.replace(/\r\n /g, ' ')).to.contain(
      "Subject: [chainparse] CRITICAL database_unreachable: the database can't be reached for 4 min: connect ECONNREFUSED",
    );
    expect(text)
      .to.contain('page: https://page.example/#/alerts')
      .and.to.match(/^Auto-Submitted: auto-generated/m);
    expect(text).to.match(/^References: <[\w-]+@chainparse>/m);
  });

  it('log in where the URL names somebody', async () => {
    const logins: unknown[] = [];
    await listen({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, done) => {
        logins.push([username, password]);
        if (password === 'right') done(null, { user: username });
        else done(new Error('no'));
      },
    });
    await send('anna:right@');
    expect(logins).to.deep.equal([['anna', 'right']]);
    const error = await rejectionOf(send('anna:hidden@'), AlertDeliveryError);
    expect(error.message).not.to.contain('hidden');
    expect(error.retryable).to.equal(false);
  });

  it('are tried again where the server is busy or away', async () => {
    await listen({
      onMailFrom: (_address, _session, done) => {
        done(Object.assign(new Error('later'), { responseCode: 451 }));
      },
    });
    expect((await rejectionOf(send(), AlertDeliveryError)).retryable).to.equal(true);
  });

  it('wait no longer for a server that hangs once the process ends', async () => {
    const ending = new AbortController();
    const reason = new Error('this process has ended');
    let late = (): void => undefined;
    await listen({
      onConnect: (_session, done) => {
        late = done;
        ending.abort(reason);
      },
    });
    expect(await rejectionOf(send('', { timeoutMs: 600_000, signal: ending.signal }), Error)).to.equal(reason);
    late();
  });
});

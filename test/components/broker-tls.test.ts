import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { Sink } from '../../src/components/seam/sink.js';
import { ReceiverAwayError } from '../../src/components/seam/delivery-errors.js';
import { natsSink } from '../../src/components/nats-sink/kind.js';
import { schema as natsSchema } from '../../src/components/nats-sink/schema.js';
import { rabbitmqSink } from '../../src/components/rabbitmq-sink/kind.js';
import { schema as rabbitmqSchema } from '../../src/components/rabbitmq-sink/schema.js';
import { redisSink } from '../../src/components/redis-sink/kind.js';
import { redisSchema } from '../../src/components/redis-sink/schema.js';
import { UsageError } from '../../src/runtime/errors.js';
import { makeAuthority } from '../support/authority.js';
import type { Authority } from '../support/authority.js';
import { freePort } from '../support/free-port.js';
import { HookServer } from '../support/hook-server.js';
import { startHttps } from '../support/https-server.js';
import { addStream, describeWithNats, startNats } from '../support/nats.js';
import { describeWithRabbitmq, startRabbitmq } from '../support/rabbitmq.js';
import { RedisServer, withRedis } from '../support/redis-server.js';
import { rejectionOf } from '../support/rejection.js';
import { eventually } from '../support/within.js';
import { batchOf, sinkContext, sinkOpening, transferMessages } from './sink-fixture.js';

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
  });
}

/** Opens a sink over TLS, with these keys beside where its server is. */
type Open = (keys: object) => Promise<Sink>;

/** What is so of each broker whose certificate an authority of one's own has signed. */
function isTrustedByItsAuthority(authorityOf: () => Authority, open: Open): void {
  const deliver = async (keys: object): Promise<void> => {
    const sink = await open(keys);
    try {
      await sink.deliver(batchOf(transferMessages(3)), sinkContext());
    } finally {
      await sink.close();
    }
  };

  it('is sent to where the authority is named', async () => {
    await deliver({ tls_ca_file: authorityOf().caFile });
  });

  it('is waited for, with one line that says what to name, where it is not', async () => {
    const { message, hint } = await rejectionOf(deliver({}), ReceiverAwayError);
    expect(message)
      .to.match(/certificate/i)
      .and.not.to.contain('\n');
    expect(hint).to.contain('tls_ca_file').and.not.to.contain('\n');
  });

  it('is waited for where another authority is named', async () => {
    const error = await rejectionOf(deliver({ tls_ca_file: makeAuthority().caFile }), ReceiverAwayError);
    expect(error.message)
      .to.match(/certificate/i)
      .and.not.to.contain('\n');
  });

  it('is not reached with a file that is not there, which is said', async () => {
    const error = await rejectionOf(deliver({ tls_ca_file: '/none/ca.pem' }), UsageError);
    expect(error.message).to.contain("tls_ca_file can't be read");
  });
}

describe('a broker that is spoken to with TLS, or without it, and wants the reverse', () => {
  const told = async (open: () => Promise<Sink>): Promise<ReceiverAwayError> => {
    const sink = await open();
    try {
      return await rejectionOf(sink.deliver(batchOf(transferMessages(1)), sinkContext()), ReceiverAwayError);
    } finally {
      await sink.close();
    }
  };
  const redis = (url: string): Promise<ReceiverAwayError> =>
    told(() => redisSink.open({ ...redisSchema.parse({ url: '${URL}', stream: 'usdc' }), url }, sinkOpening()));
  const rabbitmq = (url: string): Promise<ReceiverAwayError> =>
    told(() => rabbitmqSink.open({ ...rabbitmqSchema.parse({ url: '${URL}', queue: 'usdc' }), url }, sinkOpening()));

  it('is told with where it is, and how its url begins', async () => {
    const tls = await startHttps(makeAuthority());
    const toRedis = await redis(`redis://:hunter2@127.0.0.1:${tls}`);
    expect(toRedis.message).to.equal(`Redis at 127.0.0.1:${tls}: the connection was closed before it was greeted`);
    expect(toRedis.hint).to.contain('rediss://');
    expect((await rabbitmq(`amqp://127.0.0.1:${tls}`)).hint).to.contain('amqps://');
    const plain = await HookServer.start();
    expect((await redis(`rediss://127.0.0.1:${plain.port}`)).hint).to.match(/TLS.*redis:\/\//);
    expect((await rabbitmq(`amqps://127.0.0.1:${plain.port}`)).hint).to.match(/TLS.*amqp:\/\//);
  });

  it('is not taken for one where it closes a connection that it has greeted', async () => {
    const greets = createServer((socket) => {
      socket
        .on('error', () => undefined)
        .on('data', (data) => {
          if (data.includes('MULTI')) socket.destroy();
          else socket.write('+OK\r\n'.repeat(data.toString().split('*').length - 1));
        });
    });
    await new Promise<void>((resolve) => greets.listen(0, '127.0.0.1', resolve));
    const { port } = greets.address() as AddressInfo;
    const { message, hint } = await redis(`redis://127.0.0.1:${port}`);
    greets.close();
    expect([message, hint]).to.deep.equal([`Redis at 127.0.0.1:${port}: Socket closed unexpectedly`, undefined]);
  });
});

describe('a Redis behind what sends connections on by the name that they ask for', () => {
  it('is asked for by the name in its url', async () => {
    const { caFile, certFile, keyFile } = makeAuthority();
    const names: unknown[] = [];
    const server = createTlsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (socket) => {
      names.push((socket as { readonly servername?: unknown }).servername);
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    const { port } = server.address() as AddressInfo;
    const config = redisSchema.parse({ url: `rediss://localhost:${port}`, stream: 'usdc', tls_ca_file: caFile });
    const sink = await redisSink.open(config, sinkOpening());
    await rejectionOf(sink.deliver(batchOf(transferMessages(1)), sinkContext()), ReceiverAwayError);
    server.close();
    expect(names).to.deep.equal(['localhost']);
  });
});

describe('files for TLS beside a connection without it', () => {
  it('are refused where a variable holds its URL: nobody would notice that they change nothing', async () => {
    const file = { tls_ca_file: makeAuthority().caFile };
    const sinks = [
      [redisSink, { ...redisSchema.parse({ url: '${URL}', stream: 'usdc', ...file }), url: 'redis://127.0.0.1:1' }],
      [rabbitmqSink, { ...rabbitmqSchema.parse({ url: '${URL}', queue: 'usdc', ...file }), url: 'amqp://127.0.0.1:1' }],
    ] as const;
    for (const [kind, config] of sinks) {
      const deliver = async (): Promise<void> => {
        const sink = await kind.open(config as never, sinkOpening());
        await sink.deliver(batchOf(transferMessages(1)), sinkContext());
      };
      const { message } = await rejectionOf(deliver(), UsageError);
      expect(message).to.equal('tls_ca_file is for TLS, which the connection is without');
    }
  });
});

withRedis('a Redis with TLS', function () {
  let authority: Authority;
  let server: RedisServer;
  let port: number;
  before(async () => {
    [authority, port] = [makeAuthority(), await freePort()];
    const files = ['--tls-cert-file', authority.certFile, '--tls-key-file', authority.keyFile];
    const trusts = ['--tls-ca-cert-file', authority.caFile, '--tls-auth-clients', 'no'];
    server = await RedisServer.start('--tls-port', String(port), ...files, ...trusts);
  });
  after(() => server.stop());

  isTrustedByItsAuthority(
    () => authority,
    (keys) => {
      const config = redisSchema.parse({ url: '${URL}', stream: 'usdc', ...keys });
      return redisSink.open({ ...config, url: `rediss://127.0.0.1:${port}` }, sinkOpening());
    },
  );
});

withRedis('a Redis that wants certificates', function () {
  it('is sent to with one that it knows, and says what is wrong with any other', async () => {
    const [authority, stranger, port] = [makeAuthority(), makeAuthority(), await freePort()];
    const { caFile, certFile, keyFile } = authority;
    const files = ['--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', caFile];
    const server = await RedisServer.start('--tls-port', String(port), ...files);
    const deliver = async (keys: object): Promise<void> => {
      const config = redisSchema.parse({
        url: `rediss://127.0.0.1:${port}`,
        stream: 'usdc',
        tls_ca_file: caFile,
        ...keys,
      });
      const sink = await redisSink.open(config, sinkOpening());
      await sink.deliver(batchOf(transferMessages(1)), sinkContext()).finally(() => sink.close());
    };
    await deliver({ tls_cert_file: certFile, tls_key_file: keyFile });
    const lockedFile = `${keyFile}.locked`;
    const locked = ['-aes256', '-passout', 'pass:hunter2', '-out', lockedFile];
    execFileSync('openssl', ['ec', '-in', keyFile, ...locked], { stdio: 'pipe' });
    const wrong = [
      [{ tls_cert_file: certFile, tls_key_file: lockedFile }, 'wants a passphrase'],
      [{}, 'name one by tls_cert_file'],
      [{ tls_cert_file: stranger.certFile, tls_key_file: stranger.keyFile }, 'does not accept the certificate'],
      [{ tls_cert_file: certFile, tls_key_file: stranger.keyFile }, 'is not that of the certificate'],
      [{ tls_cert_file: keyFile, tls_key_file: keyFile }, 'name PEM files'],
    ] as const;
    for (const [keys, told] of wrong) {
      expect((await rejectionOf(deliver(keys), ReceiverAwayError)).hint, told).to.contain(told);
    }
    await server.stop();
  });
});

describeWithNats('a NATS without TLS', function () {
  it('says so to who wants it', async () => {
    const { port } = await startNats();
    const config = natsSchema.parse({ servers: `tls://localhost:${port}`, subject: 'usdc' });
    const sink = await natsSink.open(config, sinkOpening());
    const delivered = sink.deliver(batchOf(transferMessages(1)), sinkContext());
    expect((await rejectionOf(delivered, ReceiverAwayError)).hint).to.contain('turn TLS on there');
    await sink.close();
  });
});

describeWithNats('a NATS with TLS', function () {
  let authority: Authority;
  let port: number;
  before(async () => {
    authority = makeAuthority();
    const files = `cert_file: "${authority.certFile}", key_file: "${authority.keyFile}"`;
    const server = await startNats(`tls { ${files} }`);
    ({ port } = server);
    await addStream(server, { name: 'usdc' }, authority.caFile);
  });

  isTrustedByItsAuthority(
    () => authority,
    (keys) => {
      const config = natsSchema.parse({ servers: `tls://localhost:${port}`, subject: 'usdc.{event_name}', ...keys });
      return natsSink.open(config, sinkOpening());
    },
  );
});

describeWithRabbitmq('a RabbitMQ with TLS', function () {
  let authority: Authority;
  let port: number;
  before(async () => {
    [authority, port] = [makeAuthority(), await freePort()];
    const files = { cacertfile: authority.caFile, certfile: authority.certFile, keyfile: authority.keyFile };
    const options = Object.entries(files).map(([name, file]) => `ssl_options.${name} = ${file}`);
    await startRabbitmq([`listeners.ssl.1 = 127.0.0.1:${port}`, ...options].join('\n'));
    // It listens there a little later than where it is known to be up.
    await eventually('it listens for TLS', () => isListening(port));
  });

  isTrustedByItsAuthority(
    () => authority,
    (keys) => {
      const config = rabbitmqSchema.parse({ url: '${URL}', queue: 'usdc', ...keys });
      const url = `amqps://guest:guest@127.0.0.1:${port}`;
      return rabbitmqSink.open({ ...config, url }, sinkOpening());
    },
  );
});

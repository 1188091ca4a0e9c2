import { expect } from 'chai';
import { kafkaError, reasonOf } from '../../../src/components/kafka-producer/kafka-errors.js';

const line = (severity: number, text: string) => ({
  severity,
  message: `[thrd:ssl://a:9093/bootstrap]: ssl://a:9093/bootstrap: ${text}`,
});

describe('why Kafka takes nothing', () => {
  it('is what librdkafka writes as an error, without what only it understands, and not as a URL', () => {
    const text = 'SSL handshake failed: Disconnected: connecting to a PLAINTEXT broker listener?';
    expect(reasonOf(line(3, `${text} (after 1ms in state SSL_HANDSHAKE)`))).to.equal(`a: ${text}`);
    const early = line(3, 'Disconnected (after 0ms in state SSL_HANDSHAKE)');
    expect(reasonOf(early)).to.equal('a: SSL handshake failed: Disconnected');
    const refused =
      '[thrd:app]: [thrd:b:1/1]: b:1/1: refused (after 0ms in state CONNECT, 1 identical error(s) suppressed)';
    expect(reasonOf({ severity: 3, message: refused })).to.equal('b: refused');
  });

  it('is the same for a certificate that is not trusted, whichever of its words librdkafka has read', () => {
    const told = [
      [
        'ssl error',
        'SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified, verify that ssl.ca.location is correctly configured or root CA certificates are installed (install ca-certificates package)',
      ],
      ['all broker connections are down', 'error:0A000086:SSL routines::certificate verify failed'],
    ] as const;
    for (const [words, text] of told) {
      const reason = reasonOf(line(3, `${text} (after 3ms in state SSL_HANDSHAKE)`));
      expect(kafkaError(new Error(words), 'a:9093', reason).message).to.equal(
        'Kafka at a:9093: ssl error (a: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed)',
      );
    }
  });

  it('may be told as less than an error', () => {
    const guess =
      'Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol configuration';
    expect(reasonOf(line(6, `${guess} (after 88ms in state APIVERSION_QUERY)`))).to.equal(`a: ${guess}`);
    const silence = 'Timed out ApiVersionRequest in flight';
    expect(reasonOf(line(5, `${silence} (after 10005ms, timeout #0)`))).to.equal(`a: ${silence}`);
    expect(reasonOf(line(6, 'Disconnected (after 600000ms in state UP)'))).to.equal(null);
    expect(reasonOf(line(4, 'ApiVersionRequest failed: probably due to broker version < 0.10'))).to.equal(null);
  });

  it('is the same at each try, whichever broker it was, and whatever number the producer has', () => {
    const refused = (broker: string, host: string) =>
      reasonOf({
        severity: 3,
        message: `[thrd:${broker}]: ${broker}: Connect to ipv4#${host} failed: Connection refused (after 0ms in state CONNECT)`,
      });
    expect(refused('a:9092/bootstrap', '10.0.0.1:9092')).to.equal('a: Connect failed: Connection refused');
    const tries = [refused('a:9092/bootstrap', '10.0.0.1:9092'), refused('b:9093/2', '10.0.0.2:9093')];
    for (const reason of tries) {
      expect(kafkaError(new Error('all broker connections are down'), 'a:9092', reason).message).to.equal(
        'Kafka at a:9092: all broker connections are down (Connect failed: Connection refused)',
      );
    }
    const fatal = (text: string) => reasonOf({ severity: 0, message: `[thrd:app]: Fatal error: ${text}` });
    expect(
      fatal(
        'Local: Gap-less ordering would not be guaranteed if proceeding: ProduceRequest for t [1] with 7 message(s) failed: Broker: Topic authorization failed (broker 2 PID{Id:735770000,Epoch:0}, base seq 27): unable to satisfy gap-less guarantee',
      ),
    ).to.equal(
      'Fatal error: Local: Gap-less ordering would not be guaranteed if proceeding: ProduceRequest for t failed: Broker: Topic authorization failed: unable to satisfy gap-less guarantee',
    );
    expect(
      fatal(
        'Broker: Broker received an out of order sequence number: ProduceRequest for t [1] with 2 message(s) failed due to sequence desynchronization with broker 2 (PID{Id:344024000,Epoch:0}, base seq 43, idemp state change 41067ms ago, last partition error NOT_ENOUGH_REPLICAS (actions Retry,MsgNotPersisted, base seq 21..22, base msgid 22, 24195ms ago))',
      ),
    ).to.equal(
      'Fatal error: Broker: Broker received an out of order sequence number: ProduceRequest for t failed due to sequence desynchronization',
    );
  });

  it('says which keys to look at, by whatever it tells', () => {
    const hintOf = (words: string, reason: string | null = null) => kafkaError(new Error(words), 'a:9093', reason).hint;
    expect(hintOf('all broker connections are down')).to.contain('bootstrap_servers and security_protocol');
    expect(hintOf('ssl error')).to.match(/ssl_ca_location.*run out/);
    expect(hintOf('all broker connections are down', 'a:9093/1: SSL handshake failed: x')).to.equal(
      hintOf('ssl error'),
    );
    const untrusted = 'a:9093/bootstrap: error:0A000086:SSL routines::certificate verify failed';
    expect(hintOf('all broker connections are down', untrusted)).to.equal(hintOf('ssl error'));
    const fatal = (what: string): string =>
      `Fatal error: Local: Gap-less ordering would not be guaranteed if proceeding: ProduceRequest for t failed: Broker: ${what}: unable to satisfy gap-less guarantee`;
    expect(hintOf('Broker: Topic authorization failed', fatal('Topic authorization failed'))).to.equal(
      'the user needs the right to write to the topic',
    );
    expect(hintOf('Broker: Cluster authorization failed', fatal('Cluster authorization failed'))).to.equal(
      'the user needs IdempotentWrite; acks: 1 does without',
    );
    expect(hintOf('Broker: Invalid topic', fatal('Invalid topic'))).to.equal(undefined);
  });
});

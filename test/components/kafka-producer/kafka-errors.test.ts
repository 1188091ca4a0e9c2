import { expect } from 'chai';
import { kafkaError, reasonOf } from '../../../src/components/kafka-producer/kafka-errors.js';

const line = (severity: number, text: string) => ({
  severity,
  message: `[thrd:ssl://a:9093/bootstrap]: ssl://a:9093/bootstrap: ${text}`,
});

describe('why Kafka takes nothing', () => {
  it('is what librdkafka writes as an error, without what only it understands, and not as a URL', () => {
    const text = 'SSL handshake failed: Disconnected: connecting to a PLAINTEXT broker listener?';
    expect(reasonOf(line(3, `${text} (after 1ms in state SSL_HANDSHAKE)`))).to.equal(`a:9093/bootstrap: ${text}`);
    const early = line(3, 'Disconnected (after 0ms in state SSL_HANDSHAKE)');
    expect(reasonOf(early)).to.equal('a:9093/bootstrap: SSL handshake failed: Disconnected');
    const refused =
      '[thrd:app]: [thrd:b:1/1]: b:1/1: refused (after 0ms in state CONNECT, 1 identical error(s) suppressed)';
    expect(reasonOf({ severity: 3, message: refused })).to.equal('b:1/1: refused');
  });

  it('may be told as less than an error', () => {
    const guess =
      'Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol configuration';
    expect(reasonOf(line(6, `${guess} (after 88ms in state APIVERSION_QUERY)`))).to.equal(`a:9093/bootstrap: ${guess}`);
    const silence = 'Timed out ApiVersionRequest in flight';
    expect(reasonOf(line(5, `${silence} (after 10005ms, timeout #0)`))).to.equal(`a:9093/bootstrap: ${silence}`);
    expect(reasonOf(line(6, 'Disconnected (after 600000ms in state UP)'))).to.equal(null);
    expect(reasonOf(line(4, 'ApiVersionRequest failed: probably due to broker version < 0.10'))).to.equal(null);
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
  });
});

import { expect } from 'chai';
import { clientSettings, topicSettings } from '../../../src/components/kafka-producer/client-settings.js';
import { recordsOf } from '../../../src/components/kafka-producer/kafka-record.js';
import { schema } from '../../../src/components/kafka-producer/schema.js';
import { MessageData } from '../../../src/model/event-message.js';
import { transferMessage } from '../sink-fixture.js';

const config = (keys: object = {}) => schema.parse({ bootstrap_servers: 'a:9092, b:9092', topic: 'usdc', ...keys });
const record = (keys: object = {}, message = transferMessage(3)) => recordsOf(config(keys))(message);
const value = (keys: object): unknown => JSON.parse(record(keys).value.toString());

describe('a record of Kafka', () => {
  const { id, data, place } = transferMessage(3);

  it('has the data, or the older envelopes around them', () => {
    const [timestamp, source] = ['2023-08-26T16:21:35+00:00', 'chain-data-parser'];
    const fields: unknown = JSON.parse(data.text);
    expect(value({})).to.deep.equal(fields);
    expect(value({ message_format: 'envelope' })).to.deep.equal({ timestamp, source, data: fields });
    const detailed = { id, timestamp, source: 'x', version: '1.0', data: fields };
    expect(value({ message_format: 'detailed', source_name: 'x' })).to.deep.equal(detailed);
  });

  it('has the contract’s address for its key, or what a path leads to', () => {
    expect(record().key).to.equal(place.contractAddress);
    expect(record({ key_field: 'args.value' }).key).to.equal('3000000');
    expect(record({ key_field: 'block_number' }).key).to.equal('18000000');
    expect(record({ key_field: 'args.none' }).key).to.equal(place.contractAddress);
    const named = MessageData.ofFields(new Map(Object.entries({ 'user.id': 'a', user: { id: 'b' } })));
    expect(record({ key_field: 'user.id' }, { ...transferMessage(1), data: named }).key).to.equal('a');
    const text = '{"big":123456789012345678901234567890,"many":[1,"a"],"none":null}';
    const of = (field: string): string =>
      record({ key_field: field }, { ...transferMessage(1), data: MessageData.ofText(text) }).key;
    expect(of('many')).to.equal('[1,"a"]');
    expect(of('none')).to.equal(place.contractAddress);
  });

  it('goes into the topic of its event', () => {
    expect(record({ topic: 'chain.{event_name}' }).topic).to.equal('chain.Transfer');
  });
});

describe('what librdkafka is told', () => {
  it('keeps the order: nothing is sent behind a gap', () => {
    expect(clientSettings(config())).to.include({
      'bootstrap.servers': 'a:9092,b:9092',
      'enable.idempotence': true,
      'enable.gapless.guarantee': true,
      'message.timeout.ms': 0,
    });
    expect(topicSettings(config())).to.include({ 'request.required.acks': -1 });
    const leader = config({ acks: 1 });
    expect(clientSettings(leader)).to.include({ 'enable.idempotence': false, 'max.in.flight': 1 });
    expect(topicSettings(leader)).to.include({ 'request.required.acks': 1 });
  });

  it('is what the keys of a login and of TLS say', () => {
    const login = { sasl_username: 'u', sasl_password: '${P}', ssl_ca_location: 'ca.pem' };
    expect(clientSettings(config({ security_protocol: 'sasl_ssl', ...login }))).to.include({
      'security.protocol': 'SASL_SSL',
      'sasl.mechanism': 'PLAIN',
      'sasl.username': 'u',
      'ssl.ca.location': 'ca.pem',
    });
    expect(Object.keys(clientSettings(config())).filter((key) => /^(sasl|ssl)/.test(key))).to.deep.equal([]);
  });
});

import { expect } from 'chai';
import { definitionKeys } from '../../src/pipeline/definition/definition-keys.js';
import { parseDefinition } from '../../src/pipeline/definition/read-definition.js';
import { FileProblemsError, problemText } from '../../src/runtime/errors.js';
import { definitionOptions, monitorYaml } from '../pipeline/definition/definition-texts.js';
import { rejectionOf } from '../support/rejection.js';

const parse = (...lines: readonly string[]) =>
  parseDefinition(monitorYaml() + lines.map((line) => `  - ${line}\n`).join(''), 'p.yaml', definitionOptions);

async function problems(line: string): Promise<readonly string[]> {
  const error = await rejectionOf(parse(line), FileProblemsError);
  return error.problems.map((problem) => problemText(problem).replace('p.yaml:7: ', ''));
}

describe('definitions of sinks into brokers', () => {
  it('are read, and printed again', async () => {
    const definition = await parse(
      '{name: a, type: kafka_producer, bootstrap_servers: "a:9092,b:9092", topic: usdc, acks: -1, key_field: args.to}',
      '{name: b, type: nats_sink, servers: "nats://a,nats://b", subject: "usdc.{event_name}", token: "${TOKEN}"}',
      '{name: c, type: rabbitmq_sink, url: "amqp://u:${P}@h", exchange: usdc, routing_key: "{event_name}"}',
    );
    const again = await parseDefinition(JSON.stringify(definitionKeys(definition)), 'p.json', definitionOptions);
    expect(again.components.slice(1)).to.deep.equal(definition.components.slice(1));
    const [kafka, nats] = definition.components.slice(1).map(({ config }) => config);
    expect(kafka).to.include({ acks: 'all' }).and.to.have.deep.property('bootstrap_servers', ['a:9092', 'b:9092']);
    expect(nats).to.have.deep.property('servers', ['nats://a', 'nats://b']);
  });

  it('of Kafka are told all that is wrong', async () => {
    expect(
      await problems('{name: a, type: kafka_producer, topic: "{event}", acks: 0, sasl_password: x, key_feild: a}'),
    ).to.have.members([
      'key_feild: unknown key; the nearest known key is key_field',
      'bootstrap_servers: is required',
      'topic: may hold {event_name} and variables (${NAME}), and no other braces',
      'acks: must be all or 1: nothing is delivered that no broker has acknowledged, not 0',
      'sasl_password: is a secret: write ${NAME}, which is read from the environment when a run begins, and never stored',
      'sasl_password: means nothing with security_protocol PLAINTEXT',
    ]);
    const login = '{name: a, type: kafka_producer, bootstrap_servers: "a", topic: t, security_protocol: SASL_SSL}';
    expect(await problems(login)).to.have.members([
      'bootstrap_servers: must be host:port, or a list of them',
      'sasl_username: is required with security_protocol SASL_SSL',
      'sasl_password: is required with security_protocol SASL_SSL',
    ]);
  });

  it('of Kafka may say nothing of TLS where there is none: nobody would notice that all is sent in the clear', async () => {
    const kafka = (keys: string): string =>
      `{name: a, type: kafka_producer, bootstrap_servers: "a:9092", topic: t, ${keys}}`;
    const login = 'security_protocol: sasl_plaintext, sasl_username: u, sasl_password: "${P}"';
    expect(await problems(kafka('ssl_ca_location: ca.pem'))).to.deep.equal([
      'ssl_ca_location: means nothing with security_protocol PLAINTEXT',
    ]);
    expect(
      await problems(kafka(`${login}, ssl_key_password: "\${K}", ssl_endpoint_identification_algorithm: none`)),
    ).to.have.members([
      'ssl_key_password: means nothing with security_protocol SASL_PLAINTEXT',
      'ssl_endpoint_identification_algorithm: means nothing with security_protocol SASL_PLAINTEXT',
    ]);
    expect(await problems(kafka('security_protocol: SSL, ssl_certificate_location: c.pem'))).to.deep.equal([
      'ssl_key_location: is required beside ssl_certificate_location',
    ]);
    expect(await problems(kafka('security_protocol: SSL, ssl_key_location: k.pem'))).to.deep.equal([
      'ssl_certificate_location: is required beside ssl_key_location',
    ]);
    await parse(
      kafka('security_protocol: SSL, ssl_ca_location: ca.pem, ssl_certificate_location: c, ssl_key_location: k'),
    );
  });

  it('of NATS are told all that is wrong', async () => {
    expect(await problems('{name: a, type: nats_sink, servers: "http://h", subject: "a.*", token: t}')).to.have.members(
      [
        'servers: must be a URL of nats or tls, or ${NAME}',
        'subject: must be the subject of messages: words with dots between them, without spaces and wildcards',
        'token: is a secret: write ${NAME}, which is read from the environment when a run begins, and never stored',
      ],
    );
    const way = 'is a secret: write ${NAME}, which is read from the environment when a run begins, and never stored';
    const token = '{name: a, type: nats_sink, servers: ["nats://t0ken@h", "nats://${TOKEN}@h"], subject: a}';
    expect(await problems(token)).to.deep.equal([`servers: its token ${way}`]);
    const twice = '{name: a, type: nats_sink, subject: a, token: "${T}", creds_file: f, user: u}';
    expect(await problems(twice)).to.have.members([
      'servers: is required',
      "creds_file: can't stand beside token: give one of the two",
      "user: can't stand beside token: give one of the two",
      'password: is required beside user',
    ]);
  });

  it('hold no parts that can mean nothing, or nothing at all', async () => {
    const kafka = (servers: string, topic = 't'): string =>
      `{name: a, type: kafka_producer, bootstrap_servers: "${servers}", topic: "${topic}"}`;
    const rabbit = (url: string): string => `{name: a, type: rabbitmq_sink, queue: q, url: "${url}"}`;
    const nats = (servers: string): string => `{name: a, type: nats_sink, subject: s, servers: "${servers}"}`;
    const port = 'its port must be from 1 to 65535';
    const letters =
      'topic: may hold letters, digits, dots, underscores and hyphens, {event_name} and variables (${NAME}), and be neither . nor ..';
    const parameters =
      'url: may have the parameters heartbeat, channelMax, frameMax and maxFrameSize, which are whole numbers, and locale, and no others';
    const wrong = {
      [kafka('127.0.0.1:99999')]: `bootstrap_servers: ${port}`,
      [kafka('a:9092,${K:-b:0}')]: `bootstrap_servers: ${port}`,
      [kafka('a:9092', 'bad topic/!')]: letters,
      [kafka('a:9092', 'usdc.{event_name}#')]: letters,
      [kafka('a:9092', '${T:-a b}')]: letters,
      [kafka('a:9092', '..')]: letters,
      [nats('nats://127.0.0.1:99999')]: `servers: ${port}`,
      [nats('nats://a:4222,tls://${HOST}:70000')]: `servers: ${port}`,
      [nats('nats://${USER}:${PW}@a:0')]: `servers: ${port}`,
      [rabbit('amqp://h:99999/%2F')]: `url: ${port}`,
      [rabbit('amqp://h/%2F?nonsense=1')]: parameters,
      [rabbit('amqp://h/%2F?heartbeat=soon')]: parameters,
      [rabbit('amqp://h/%2F?toString=1')]: parameters,
      [rabbit('amqp://a,amqp://b')]: 'url: must be a URL of one server',
    };
    for (const [line, problem] of Object.entries(wrong)) expect(await problems(line), line).to.deep.equal([problem]);
    const right = [
      kafka('[::1]:65535,${K}', '${T}.usdc-{event_name}_1'),
      kafka('${K}', '.${T}'),
      nats('nats://a:65535,nats://b'),
      rabbit('amqp://h/%2F?heartbeat=${BEAT}&channelMax=9&frameMax=131072&maxFrameSize=1000000&locale=en_US'),
    ];
    for (const line of right) await parse(line);
  });

  it('of RabbitMQ are told all that is wrong', async () => {
    expect(await problems('{name: a, type: rabbitmq_sink, url: "amqp://u:hunter2@h"}')).to.have.members([
      'url: its password is a secret: write ${NAME}, which is read from the environment when a run begins, and never stored',
      'exchange: is required',
    ]);
  });
});

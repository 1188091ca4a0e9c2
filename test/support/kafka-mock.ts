import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { atEnd } from './at-end.js';
import { Child } from './child.js';
import { declareMissing } from './extent.js';
import { findProgram } from './find-program.js';
import { projectRoot } from './processes.js';
import { findRdkafka, rdkafkaFolder } from './rdkafka.js';
import { temporaryFolder } from './temporary-folder.js';

const missing = [
  ...(rdkafkaFolder === undefined
    ? ['run .ci/get-rdkafka, or set CHAINPARSE_TEST_RDKAFKA to a folder that has it']
    : []),
  ...(['gcc', 'kcat'].every((name) => findProgram(name) !== undefined)
    ? []
    : ['apt-get install gcc libc6-dev librdkafka-dev kcat']),
];

/** Declares a suite that needs a Kafka and node-rdkafka; pending where they can't be had. */
export function describeWithKafka(title: string, suite: () => void): void {
  const declare = (): void => {
    before(() => findRdkafka());
    suite();
  };
  if (missing.length > 0) declareMissing(title, missing.join('; '), declare);
  else describe(title, declare);
}

/** A record as kcat reads it. */
export interface ReadRecord {
  readonly partition: number;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

let compiled: Promise<string> | undefined;

async function compile(): Promise<string> {
  const program = join(temporaryFolder(), 'kafka-mock');
  await promisify(execFile)('gcc', ['-o', program, join(projectRoot, 'test/support/kafka-mock.c'), '-lrdkafka']);
  return program;
}

/** A Kafka of three brokers in memory, librdkafka's own, which does what brokers do when they are in trouble. */
export class KafkaMock {
  readonly #process: Child;
  readonly brokers: string;
  #told = 0;

  private constructor(process: Child, brokers: string) {
    this.#process = process;
    this.brokers = brokers;
  }

  /** Starts one, and ends it after the last test. */
  static async start(): Promise<KafkaMock> {
    const child = new Child(await (compiled ??= compile()), []);
    atEnd(() => child.kill());
    const [, brokers = ''] = await child.output(/brokers (\S+)/);
    return new KafkaMock(child, brokers);
  }

  /** Makes a topic of so many partitions. */
  async topic(name: string, partitions: number): Promise<void> {
    await this.#tell(`topic ${name} ${partitions}`);
  }

  /** Takes brokers down: their connections break and none is accepted. */
  async down(...brokers: readonly number[]): Promise<void> {
    for (const broker of brokers) await this.#tell(`down ${broker}`);
  }

  async up(...brokers: readonly number[]): Promise<void> {
    for (const broker of brokers) await this.#tell(`up ${broker}`);
  }

  /** Has the next produce request be answered with an error, by Kafka's number. */
  async refuseNext(code: number): Promise<void> {
    await this.#tell(`error 0 ${code}`);
  }

  /** Freezes it: connections stay open, and nothing is answered until `thaw`. */
  freeze(): void {
    this.#process.signal('SIGSTOP');
  }

  thaw(): void {
    this.#process.signal('SIGCONT');
  }

  /** Ends it. */
  async stop(): Promise<void> {
    await this.#process.kill();
  }

  /** Reads all of a topic, each partition in its order. */
  async read(topic: string): Promise<readonly ReadRecord[]> {
    const reader = new Child('kcat', ['-C', '-b', this.brokers, '-t', topic, '-o', 'beginning', '-e', '-q', '-J']);
    const { stdout } = await reader.exit(30_000);
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : [recordOf(line)]));
  }

  async #tell(order: string): Promise<void> {
    this.#process.write(`${order}\n`);
    await this.#process.output(new RegExp(`done ${++this.#told}\n`));
  }
}

function recordOf(line: string): ReadRecord {
  const { partition, key, payload, headers } = JSON.parse(line) as {
    readonly partition: number;
    readonly key: string;
    readonly payload: string;
    readonly headers: readonly string[];
  };
  // kcat writes names and values in turn.
  const named = headers.flatMap((text, index) => (index % 2 === 0 ? [[text, headers[index + 1] ?? ''] as const] : []));
  return { partition, key, value: payload, headers: Object.fromEntries(named) };
}

import { connect } from 'amqplib';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { declareMissing } from './extent.js';
import { findProgram } from './find-program.js';
import { freePort } from './free-port.js';
import { PrivateServer } from './private-server.js';
import { temporaryFolder } from './temporary-folder.js';

const program = findInstalled();

/** Declares a suite that needs RabbitMQ; pending where it is not installed. */
export function describeWithRabbitmq(title: string, suite: () => void): void {
  if (program !== undefined)
    describe(title, function () {
      // Erlang starts for a minute and more where other tests keep the processors busy.
      this.timeout(180_000);
      suite();
    });
  else declareMissing(title, 'RUNLEVEL=1 apt-get install --no-install-recommends rabbitmq-server', suite);
}

/** Debian's program in the PATH becomes another user, and takes no settings of this one's. */
function findInstalled(): string | undefined {
  const versions = '/usr/lib/rabbitmq/lib';
  const [newest] = existsSync(versions) ? readdirSync(versions).sort().reverse() : [];
  const path = join(versions, newest ?? '', 'sbin/rabbitmq-server');
  return existsSync(path) ? path : findProgram('rabbitmq-server');
}

/** Starts a RabbitMQ on files of its own, which lets guest in; `settings` are more lines of its configuration. */
export async function startRabbitmq(settings = ''): Promise<PrivateServer> {
  if (program === undefined) throw new Error('rabbitmq-server is not installed');
  const [folder, port, clusterPort] = [temporaryFolder(), await freePort(), await freePort()];
  mkdirSync(join(folder, 'home'));
  writeFileSync(
    join(folder, 'rabbitmq.conf'),
    `listeners.tcp.1 = 127.0.0.1:${port}\nlog.console = true\n${settings}\n`,
  );
  writeFileSync(join(folder, 'plugins'), '[].');
  const env = environment(folder, port, clusterPort);
  const answers = async (): Promise<boolean> => {
    const connection = await connect(rabbitmqUrl(port));
    await connection.close();
    return true;
  };
  return await PrivateServer.start({ program, args: [], env, port, answers, patienceMs: 150_000 });
}

function environment(folder: string, port: number, clusterPort: number): NodeJS.ProcessEnv {
  return {
    HOME: join(folder, 'home'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_NODENAME: `chainparse-${port}@localhost`,
    RABBITMQ_DIST_PORT: String(clusterPort),
    // Without Erlang's daemon, which would outlive the test.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-start_epmd false -erl_epmd_port ${clusterPort} +S 2:2`,
  };
}

/** The URL of a server of the tests'. */
export function rabbitmqUrl(port: number, password = 'guest'): string {
  return `amqp://guest:${password}@127.0.0.1:${port}`;
}

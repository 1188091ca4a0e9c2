import { Child } from './child.js';
import { declareMissing } from './extent.js';
import { findProgram } from './find-program.js';

/** Node has no datagram sockets: a line for each message, its parts with a blank between them. */
const receiver = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True: print(s.recv(4096).decode().replace("\\n", " "), flush=True)
`;

/** A socket as systemd gives one to a service, and what it heard there. */
export class NotifySocket {
  readonly path: string;
  readonly #child: Child;

  private constructor(path: string, child: Child) {
    this.path = path;
    this.#child = child;
  }

  static async open(path: string): Promise<NotifySocket> {
    const child = new Child('python3', ['-c', receiver, path]);
    await child.output(/listening/);
    return new NotifySocket(path, child);
  }

  /** All messages, a line each. */
  get heard(): readonly string[] {
    return this.#child.stdout.split('\n').slice(1, -1);
  }

  /** Waits until a message fits, or one from before did. */
  async hears(pattern: RegExp): Promise<void> {
    await this.#child.output(pattern, 30_000);
  }

  async close(): Promise<void> {
    await this.#child.kill();
  }
}

/** Describes tests that need systemd's own way to speak to it: pending where it is not installed, unless it must be. */
export function withSystemdNotify(title: string, suite: () => void): void {
  const isThere = ['systemd-notify', 'python3'].every((name) => findProgram(name) !== undefined);
  if (isThere) describe(title, suite);
  else declareMissing(title, 'apt-get install --no-install-recommends systemd python3-minimal', suite);
}

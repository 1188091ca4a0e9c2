import { Socket } from 'node:net';

/**
 * The sockets that lead to a server, from before anything is said on them: closed together, and none is opened
 * afterwards. What a frozen server does not answer, not even a greeting, would keep this process alive.
 */
export class ServerSockets {
  readonly #open = new Set<Socket>();
  #isClosed = false;

  /** Makes a socket that is to be connected; once `close` was called, one that is closed already. */
  open(): Socket {
    const socket = new Socket().setKeepAlive(true).setNoDelay(true);
    if (this.#isClosed) return socket.destroy();
    this.#open.add(socket);
    return socket.once('close', () => this.#open.delete(socket));
  }

  /** Closes every socket at once. */
  close(): void {
    this.#isClosed = true;
    for (const socket of this.#open) socket.destroy();
  }
}

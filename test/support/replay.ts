import { join } from 'node:path';
import { Child } from './child.js';
import { corpusFolder } from './corpus.js';

/** The recorded data served as an EVM node, in a process of its own. */
export class Replay {
  readonly url: string;
  readonly process: Child;

  private constructor(process: Child, url: string) {
    this.process = process;
    this.url = url;
  }

  /**
   * Serves one case, or several of one chain separated by commas. Options are those of the server, such as
   * `--dense`, `--max-range 10`, `--max-results 100` or `--flaky ID:5`, each word for itself.
   */
  static async start(cases: string, ...options: string[]): Promise<Replay> {
    const server = join(corpusFolder, 'replay.mjs');
    const process = new Child(globalThis.process.execPath, [server, '--case', cases, '--port', '0', ...options]);
    const [url] = await process.output(/http:\/\/127\.0\.0\.1:\d+/);
    return new Replay(process, url);
  }

  /** How many requests it has answered and how many errors it has thrown in. */
  async stats(): Promise<{ readonly requests: number; readonly errorsInjected: number; readonly head: number }> {
    const response = await fetch(`${this.url}/__stats`);
    return (await response.json()) as { requests: number; errorsInjected: number; head: number };
  }

  /** Kills the server. */
  async stop(): Promise<void> {
    await this.process.kill();
  }
}

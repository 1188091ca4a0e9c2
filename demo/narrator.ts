import { RuntimeFailure } from '../src/runtime/errors.js';
import type { Lang } from '../src/runtime/lang.js';
import type { Output } from '../src/cli/terminal/output.js';

/** A text in each language. */
type Text = Readonly<Record<Lang, string>>;

/** What a step claimed, and whether it turned out so. */
interface DemoCheck {
  readonly text: string;
  readonly ok: boolean;
}

/** A step of the demo, as `--json` shows it. */
interface DemoStep {
  readonly step: string;
  readonly title: string;
  readonly checks: DemoCheck[];
}

/** Something in the demo did not turn out as it was told. */
class DemoFailedError extends RuntimeFailure {
  override readonly code = 'DEMO_FAILED';
}

/** Tells what happens, step by step, and keeps the outcomes. Prints nothing where only results are wanted. */
export class Narrator {
  readonly #output: Output;
  readonly #steps: DemoStep[] = [];

  constructor(output: Output) {
    this.#output = output;
  }

  get lang(): Lang {
    return this.#output.lang;
  }

  /** Every step with its outcome. */
  get steps(): readonly (DemoStep & { readonly ok: boolean })[] {
    return this.#steps.map((step) => ({ ...step, ok: step.checks.every(({ ok }) => ok) }));
  }

  get checks(): number {
    return this.#steps.reduce((sum, { checks }) => sum + checks.length, 0);
  }

  /** Begins a step. */
  async begin(step: string, title: Text): Promise<void> {
    this.#steps.push({ step, title: title[this.lang], checks: [] });
    await this.#print(`\n${this.#steps.length}. ${title[this.lang]}`);
  }

  /** Says what is done or seen. */
  async say(text: Text): Promise<void> {
    await this.#print(`   ${text[this.lang]}`);
  }

  /** Shows a command as a user would type it, and what it printed. */
  async show(command: string, printed = ''): Promise<void> {
    const lines = printed.split('\n').filter((line) => line !== '');
    await this.#print([`   $ ${command}`, ...lines.map((line) => `     ${line}`)].join('\n'));
  }

  /** Checks what was told; throws where it is not so, because the rest of the tale builds on it. */
  async check(ok: boolean, text: Text): Promise<void> {
    const told = text[this.lang];
    this.#steps.at(-1)?.checks.push({ text: told, ok });
    await this.#print(`   ${ok ? '✓' : '✗'} ${told}`);
    if (!ok) throw new DemoFailedError(`the demo did not turn out as told: ${told}`);
  }

  async #print(text: string): Promise<void> {
    if (!this.#output.isJson && !this.#output.isQuiet) await this.#output.lines(text);
  }
}

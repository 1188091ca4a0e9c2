import type { ExitCode } from '../src/runtime/errors.js';
import type { CommandContext } from '../src/cli/context/context.js';
import { readTasks } from './demo-reads.js';
import { DemoStage } from './demo-stage.js';
import { findAnvil } from './find-anvil.js';
import { playDemo } from './play-demo.js';
import { stopCode } from '../src/cli/context/signals.js';
import type { CommandBody } from '../src/cli/command-line/command.js';

export const command: CommandBody = { stopsGracefully: true, action: demo };

/** Shows the whole system at work, with real processes on this computer, and leaves nothing behind. */
async function demo(context: CommandContext): Promise<ExitCode> {
  const startedAt = context.clock.monotonic();
  const anvil = findAnvil(context.env['PATH']);
  const stage = new DemoStage(context);
  const release = cleanUpOnExit(stage);
  let failure: unknown;
  let tasks: unknown = [];
  try {
    await playDemo(stage, anvil);
    tasks = await readTasks(stage);
  } catch (error) {
    failure = error;
  } finally {
    await stage.close();
    release();
  }
  const { stopping } = context.signals;
  if (stopping.aborted) return stopCode(stopping);
  await conclude(context, stage, { seconds: secondsSince(context, startedAt), tasks, ok: failure === undefined });
  if (failure !== undefined) throw failure as Error;
  return 0;
}

function secondsSince({ clock }: CommandContext, startedAt: number): number {
  return Math.round((clock.monotonic() - startedAt) / 100) / 10;
}

async function conclude(
  { output }: CommandContext,
  { narrator }: DemoStage,
  { ok, seconds, tasks }: { readonly ok: boolean; readonly seconds: number; readonly tasks: unknown },
): Promise<void> {
  if (output.isJson) return output.json({ ok, seconds, steps: narrator.steps, tasks });
  if (!ok) return;
  const text =
    output.lang === 'zh'
      ? `${narrator.checks} 项检查全部通过，用时 ${seconds} 秒；进程和文件均已清理。`
      : `All ${narrator.checks} checks held, in ${seconds} s. Every process has ended and every file is removed.`;
  await output.lines(output.isQuiet ? text : `\n${text}`);
}

/** A second Ctrl-C, or a terminal that closes, ends this process at once: the others and the folder go with it. */
function cleanUpOnExit(stage: DemoStage): () => void {
  const cleanUp = (): void => {
    stage.kill();
    stage.remove();
  };
  const hangUp = (): void => process.exit(129);
  process.once('exit', cleanUp);
  process.once('SIGHUP', hangUp);
  return () => {
    process.off('exit', cleanUp);
    process.off('SIGHUP', hangUp);
  };
}

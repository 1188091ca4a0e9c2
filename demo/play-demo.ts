import type { DemoStage } from './demo-stage.js';
import { followChain } from './follow-chain.js';
import { freezeTask } from './freeze-task.js';
import { runNext } from './next-run.js';
import { runMonitor } from './run-monitor.js';
import { importPipeline, makeDatabase, startChain } from './set-the-stage.js';
import { showEvents, showReorg } from './show-events.js';
import { stopAll } from './stop-all.js';

/** Plays the whole tale; each step checks what it told. Throws at the first that did not turn out so. */
export async function playDemo(stage: DemoStage, anvil: string): Promise<void> {
  const scene = await startChain(stage, anvil);
  await makeDatabase(stage);
  await importPipeline(stage, scene.token);
  const live = await followChain(stage, scene);
  await showEvents(stage, scene.token);
  await showReorg(stage, scene.token);
  const frozen = await freezeTask(stage, scene);
  await runMonitor(stage, frozen);
  const successor = await runNext(stage, scene, frozen);
  await stopAll(stage, [live, successor]);
}

import type { SilenceTrial } from './silence-trial.js';
import type { Text } from './step-failed-error.js';
import type { TestScene } from './test-scene.js';

/** What a step works with. */
export interface TestStage {
  readonly scene: TestScene;
  readonly trial: SilenceTrial;
}

/** What the test measures by the way; null where it was not measured. */
export interface Measurements {
  readonly latencyMs: { readonly p50: number; readonly p99: number } | null;
  readonly clockSkewSeconds: number | null;
  readonly index: string | null;
}

/** What a step that holds has seen. */
export interface StepOutcome {
  readonly detail: Text;
  /** It holds, but somebody should look at it. */
  readonly isWarning?: boolean;
  readonly measured?: Partial<Measurements>;
}

/** One claim of the test: throws StepFailedError where it does not hold. */
export interface TestStep {
  /** For programs, lower snake case. */
  readonly name: string;
  readonly title: Text;
  run(stage: TestStage): Promise<StepOutcome>;
}

/** What became of a step. */
export interface TestStepResult extends StepOutcome {
  readonly name: string;
  readonly title: Text;
  readonly ok: boolean;
  /** What to do, where it failed. */
  readonly hint: Text | null;
  readonly ms: number;
}

import type { Progress } from '../../src/model/task.js';
import type { Lease } from '../../src/pipeline/lease.js';

/** A lease that writes down what it is told, and does on `recover` what the test says. */
export class FakeLease implements Lease {
  readonly taskId: number;
  readonly told: string[] = [];
  isCommitting = false;
  /** What was to be recovered from. */
  readonly causes: Error[] = [];
  recovers: () => Promise<void> = () => Promise.resolve();

  constructor(taskId = 1) {
    this.taskId = taskId;
  }

  moved({ nextBlock, events }: Progress): Promise<void> {
    this.told.push(`moved ${String(nextBlock)} ${events}`);
    return Promise.resolve();
  }

  renewed({ nextBlock, events }: Progress): void {
    this.told.push(`renewed ${String(nextBlock)} ${events}`);
  }

  async recover(cause: Error): Promise<void> {
    this.told.push('recover');
    this.causes.push(cause);
    await this.recovers();
  }
}

import type { Lang } from '../../runtime/lang.js';

/** A text in each language. */
export type Text = Readonly<Record<Lang, string>>;

/** A claim does not hold. */
export class StepFailedError extends Error {
  readonly detail: Text;
  readonly hint: Text;

  constructor(detail: Text, hint: Text) {
    super(detail.en);
    this.name = 'StepFailedError';
    this.detail = detail;
    this.hint = hint;
  }
}

/** Throws StepFailedError unless `holds`. */
export function demand(holds: boolean, detail: Text, hint: Text): void {
  if (!holds) throw new StepFailedError(detail, hint);
}

/** What to do where rows don't behave as the statements say. */
export const rowsHint: Text = {
  en: 'something else changes rows of pipeline_task: look for triggers and for columns with ON UPDATE (SHOW CREATE TABLE)',
  zh: '有其他机制在修改 pipeline_task 的行: 请检查触发器和带 ON UPDATE 的列 (SHOW CREATE TABLE)',
};

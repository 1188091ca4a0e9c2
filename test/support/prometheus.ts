import { spawnSync } from 'node:child_process';
import { declareMissing } from './extent.js';

const howToGet = 'RUNLEVEL=1 apt-get install --no-install-recommends prometheus';
const isThere = ['promtool', 'prometheus'].every((name) => spawnSync(name, ['--version']).status === 0);

/** Describes tests that need Prometheus and its promtool: pending where they are not installed, unless they must be. */
export function withPrometheus(title: string, suite: () => void): void {
  if (isThere) describe(title, suite);
  else declareMissing(title, howToGet, suite);
}

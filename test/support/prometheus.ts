import { spawnSync } from 'node:child_process';

const howToGet = 'RUNLEVEL=1 apt-get install --no-install-recommends prometheus';
const isRequired = process.env['CHAINPARSE_REQUIRE_PROMETHEUS'] === '1';
const isThere = ['promtool', 'prometheus'].every((name) => spawnSync(name, ['--version']).status === 0);

/** Describes tests that need Prometheus and its promtool: pending where they are not installed, unless they must be. */
export function withPrometheus(title: string, suite: () => void): void {
  if (isThere) describe(title, suite);
  else if (isRequired) it(title, () => Promise.reject(new Error(`Prometheus is missing: ${howToGet}`)));
  else describe.skip(`${title}: Prometheus is not installed: ${howToGet}`, suite);
}

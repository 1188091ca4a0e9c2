import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../support/processes.js';

export interface DocumentedMetric {
  readonly name: string;
  readonly type: string;
  /** Who tells it: `run`, `monitor`, `serve`, or `all`. */
  readonly by: readonly string[];
}

/** Returns chainparse's own metrics, as the tables of docs/metrics.md have them. */
export function documentedMetrics(): readonly DocumentedMetric[] {
  const lines = readFileSync(join(projectRoot, 'docs/metrics.md'), 'utf8').split('\n');
  let headings: readonly string[] = [];
  return lines.flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    if (cells[1] === 'metric') headings = cells;
    const name = /^`(chainparse_\w+)`$/.exec(cells[1] ?? '')?.[1];
    if (name === undefined) return [];
    const [type = ''] = cells[headings.indexOf('type')]?.split(',') ?? [];
    return [{ name, type, by: cells[headings.indexOf('by')]?.split(', ') ?? [] }];
  });
}

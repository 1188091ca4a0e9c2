import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type Page } from 'playwright-core';
import { declareMissing } from './extent.js';

const executablePath = '/usr/bin/chromium';
const howToGet = 'apt-get install --no-install-recommends chromium';

const args = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** Starts a browser. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath, args });
}

/** Declares a suite that needs a browser; pending where chromium is not installed. */
export function withChromium(name: string, suite: () => void): void {
  if (existsSync(executablePath))
    describe(name, function () {
      // A browser is slow where other tests keep the processors busy.
      this.timeout(180_000);
      suite();
    });
  else declareMissing(name, howToGet, suite);
}

/** What a page does that it should not: errors in scripts, refused content, calls to other hosts. */
export function watchPage(page: Page): readonly string[] {
  const wrongs: string[] = [];
  page.on('pageerror', (error) => wrongs.push(error.message));
  page.on('console', (message) => {
    if (/content security policy|refused to/i.test(message.text())) wrongs.push(message.text());
  });
  page.on('request', (request) => {
    if (!/^(?:http:\/\/127\.0\.0\.1:|blob:|data:)/.test(request.url())) wrongs.push(`asked for ${request.url()}`);
  });
  return wrongs;
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** Returns what axe-core finds on a page that is serious or worse. */
export async function seriousFindings(page: Page): Promise<readonly string[]> {
  const found = await page.evaluate<readonly Finding[]>(
    `${axe}; axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)`,
  );
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

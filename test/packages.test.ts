import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './support/processes.js';

interface LockedPackage {
  readonly dev?: boolean;
  readonly engines?: { readonly node?: string };
  readonly hasInstallScript?: boolean;
}

function readProjectFile(name: string): unknown {
  return JSON.parse(readFileSync(join(projectRoot, name), 'utf8'));
}

interface Manifest {
  readonly engines: { readonly node: string };
  readonly overrides?: unknown;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

const manifest = readProjectFile('package.json') as Manifest;
const lock = readProjectFile('package-lock.json') as { packages: Readonly<Record<string, LockedPackage>> };

/** Major and minor version as one number. */
function numberOf(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 1_000 + (Number.isNaN(minor) ? 0 : minor);
}

/** Whether a version of Node is in a range of npm, in the forms that packages use. */
function takes(range: string, version: string): boolean {
  return range.split('||').some((part) => {
    const [, operator = '', from = ''] = /^(>=|\^|)\s*(\*|\d[\d.]*(?:\.[x*])?)$/.exec(part.trim()) ?? [];
    if (from === '') throw new Error(`'${range}' is a range that this test can't read`);
    const sameMajor = Number.parseInt(from) === Number.parseInt(version);
    return from === '*' || (numberOf(from) <= numberOf(version) && (operator === '>=' || sameMajor));
  });
}

describe('The packages that users get', () => {
  it('run on the oldest Node that chainparse names', () => {
    const oldest = manifest.engines.node.replace(/^>=/, '');
    const tooNew = Object.entries(lock.packages)
      .filter(([, { dev, engines }]) => dev !== true && !takes(engines?.node ?? '*', oldest))
      .map(([path, { engines }]) => `${path} wants Node ${engines?.node}`);
    expect(tooNew).to.deep.equal([]);
  });

  it('are held by what an installed package still has: overrides count in a clone alone', () => {
    expect(manifest.overrides).to.equal(undefined);
  });

  it('are built in a clone by npm 12, too, which runs only the install scripts that are allowed', () => {
    const built = Object.entries(lock.packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([path]) => path.replace(/^.*node_modules\//, ''));
    expect(manifest.allowScripts).to.deep.equal(Object.fromEntries(built.map((name) => [name, true])));
  });

  it('are told apart by their ranges', () => {
    const ranges = ['>=20.18.1', '20.x || 22.x', '^16 || ^18 || >=20', '^20.19', '>= 0.4', '*', '10.* || >= 12.*'];
    expect(ranges.filter((range) => !takes(range, '20.19'))).to.deep.equal([]);
    expect(['>=22', '^22 || ^24', '>=20.20', '^18', '^20.20 || >=22'].filter((range) => takes(range, '20.19'))).to.be
      .empty;
  });
});

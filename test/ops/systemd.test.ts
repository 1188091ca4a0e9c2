import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { declareMissing } from '../support/extent.js';
import { findProgram } from '../support/find-program.js';
import { projectRoot } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const units = ['worker', 'monitor', 'serve'].map((command) => `chainparse-${command}.service`);

/** The shipped units, with the program where this clone has it. */
function installedUnits(): string {
  const folder = temporaryFolder();
  cpSync(join(projectRoot, 'ops/systemd'), folder, { recursive: true });
  for (const unit of units) {
    const text = readFileSync(join(folder, unit), 'utf8');
    const program = join(projectRoot, 'bin/chainparse.js');
    writeFileSync(
      join(folder, unit),
      text.replace('ExecStart=chainparse ', `ExecStart=${process.execPath} ${program} `),
    );
  }
  return folder;
}

function analyze(folder: string, ...args: string[]): { status: number | null; output: string } {
  const env = { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:`, SYSTEMD_COLORS: '0' };
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { env, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

const withSystemd = (title: string, suite: () => void): void => {
  if (findProgram('systemd-analyze') !== undefined) describe(title, suite);
  else declareMissing(title, 'apt-get install --no-install-recommends systemd', suite);
};

describe('the example of settings for systemd', () => {
  it('keeps values in quotes: a shell that reads the file would cut a URL at its &', () => {
    const lines = readFileSync(join(projectRoot, 'ops/systemd/chainparse.env.example'), 'utf8').split('\n');
    const values = lines.filter((line) => line !== '' && !line.startsWith('#'));
    expect(values.filter((line) => !/^[A-Z_]+='[^']*'$/.test(line))).to.deep.equal([]);
    expect(values).to.have.lengthOf.above(2);
  });
});

withSystemd("systemd's units", () => {
  let folder: string;

  before(() => (folder = installedUnits()));

  it('are three, and one folder that they share', () => {
    const shipped = readdirSync(join(projectRoot, 'ops/systemd')).filter((name) => name.includes('.service'));
    expect(shipped.sort()).to.deep.equal(['chainparse-.service.d', ...units].sort());
  });

  it('are as systemd reads them', () => {
    expect(analyze(folder, 'verify', '--man=no', ...units)).to.deep.equal({ status: 0, output: '' });
  });

  for (const unit of units) {
    it(`lets ${unit} do little beside its work, as systemd rates it`, () => {
      const { status, output } = analyze(folder, 'security', '--offline=true', '--threshold=20', unit);
      expect(status, output).to.equal(0);
      expect(output).to.match(/Overall exposure level for \S+: [01]\.\d OK/);
    });
  }
});

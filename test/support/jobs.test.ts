import { expect } from 'chai';
import { jobPaths, jobsOf, testFiles } from './jobs.js';

describe('the jobs of a test run', () => {
  it('have each test file in exactly one of them', () => {
    const files = testFiles();
    expect(files).to.include('test/support/jobs.test.ts');
    const inJobs = jobsOf(files).flatMap((job) => job.files);
    expect([...inJobs].sort()).to.deep.equal([...files].sort());
  });

  it('have files each: mocha without any would run all', () => {
    const empty = jobsOf(testFiles()).filter(({ files }) => files.length === 0);
    expect(empty).to.deep.equal([]);
  });

  it('name what is there, each path once', () => {
    const paths = Object.values(jobPaths).flat();
    const files = testFiles();
    expect(paths.filter((path) => !files.some((file) => file.startsWith(path)))).to.deep.equal([]);
    expect([...new Set(paths)]).to.deep.equal(paths);
  });

  it('have a file that is named apart from the others of its folder', () => {
    const files = ['test/scenarios/fleet.test.ts', 'test/scenarios/new.test.ts', 'test/new/new.test.ts'];
    const filled = jobsOf(files).filter((job) => job.files.length > 0);
    expect(filled.map(({ name, files: [file] }) => [name, file])).to.deep.equal([
      ['fleet', files[0]],
      ['scenarios', files[1]],
      ['rest', files[2]],
    ]);
  });
});

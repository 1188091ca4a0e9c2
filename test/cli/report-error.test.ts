import { expect } from 'chai';
import { reportError } from '../../src/cli/report-error.js';
import { FileProblemsError, LeaseHeldError } from '../../src/runtime/errors.js';
import { SecretMask } from '../../src/runtime/secrets.js';
import { FakeStream } from './fake-io.js';

function report(error: unknown, options: { json?: boolean; debug?: boolean } = {}): readonly [number, string] {
  const stream = new FakeStream();
  const secrets = new SecretMask();
  secrets.rememberPassword('hidden');
  const code = reportError(error, stream, { json: false, debug: false, secrets, ...options });
  return [code, stream.text];
}

describe('reportError', () => {
  it('prints one line of what is wrong and one of what to do', () => {
    const error = new LeaseHeldError('task 7 holds\n  pipeline 45', { hint: 'see --take-over' });
    expect(report(error)).to.deep.equal([4, 'error: task 7 holds pipeline 45\nhint: see --take-over\n']);
  });

  it('prints each problem of a file on a line of its own, and lists them as JSON', () => {
    const problems = [
      { file: 'p.yaml', line: 3, key: 'id', message: 'must be hidden', hint: 'try 1' },
      { file: 'p.yaml', line: 7, key: null, message: 'is odd' },
    ];
    const error = new FileProblemsError(problems);
    const lines = 'error: p.yaml:3: id: must be ***\nhint: try 1\nerror: p.yaml:7: is odd\n';
    expect(report(error)).to.deep.equal([2, lines]);
    const [, json] = report(error, { json: true });
    expect(JSON.parse(json)).to.deep.equal({
      error: {
        code: 'USAGE',
        message: '2 problems: p.yaml:3: id: must be ***; p.yaml:7: is odd',
        problems: [{ ...problems[0], message: 'must be ***' }, problems[1]],
      },
    });
    // One alone is listed as several are, with its hint where any error's is.
    expect(JSON.parse(report(new FileProblemsError(problems.slice(0, 1)), { json: true })[1])).to.deep.equal({
      error: {
        code: 'USAGE',
        message: 'p.yaml:3: id: must be ***',
        hint: 'try 1',
        problems: [{ ...problems[0], message: 'must be ***' }],
      },
    });
  });

  it('exits 1 for an error that it does not know, and masks it', () => {
    expect(report(new TypeError('hidden at https://a.example/KEY'))).to.deep.equal([
      1,
      'error: *** at https://a.example/***\n',
    ]);
    expect(report('text')).to.deep.equal([1, 'error: text\n']);
    expect(report(new Error(''))).to.deep.equal([1, 'error: something failed without saying why\n']);
  });

  it('leaves the example URLs in hints as they are', () => {
    const hint = 'write mysql://user:password@host:port/database, not hidden';
    expect(report(new LeaseHeldError('x', { hint }))[1]).to.contain(
      'mysql://user:password@host:port/database, not ***',
    );
  });

  it('prints an object without the parts that there are not', () => {
    const [, json] = report(new Error('x "y"'), { json: true });
    expect(JSON.parse(json)).to.deep.equal({ error: { code: 'FAILED', message: 'x "y"' } });
  });

  it('prints the stacks of an error and of its causes for debugging, masked', () => {
    const error = new Error('outer', { cause: new Error('inner hidden', { cause: 'the hidden end' }) });
    const [, text] = report(error, { debug: true });
    expect(text).to.match(/^error: outer\nError: outer\n +at /);
    expect(text)
      .to.contain('caused by: Error: inner ***\n')
      .and.to.match(/caused by: the \*\*\* end\n$/);
  });

  it('lets no error steer the terminal, as text or as JSON', () => {
    const error = new LeaseHeldError('a\u001b[2J\u009b\nb', { hint: 'c\u202ed' });
    expect(report(error)[1]).to.equal('error: a\ufffd[2J\ufffd b\nhint: c\ufffdd\n');
    expect(report(error, { json: true })[1]).to.match(/^[\x20-\x7e]*\n$/);
    expect(report(error, { debug: true })[1]).to.match(/^[\x20-\x7e\n\ufffd]*$/);
  });
});

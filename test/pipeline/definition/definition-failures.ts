import { expect } from 'chai';
import { parseDefinition } from '../../../src/pipeline/definition/read-definition.js';
import { FileProblemsError, UsageError, problemText } from '../../../src/runtime/errors.js';
import { definitionOptions } from './definition-texts.js';

/** Returns the usage error, of one line, that work fails with. */
export async function failure(work: Promise<unknown>): Promise<UsageError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(UsageError);
  expect((error as UsageError).message).not.to.match(/[\r\n]/);
  return error as UsageError;
}

/** Returns all that is wrong with a text, a line each. */
export async function problemsOf(text: string): Promise<readonly string[]> {
  const error = await failure(parseDefinition(text, 'p.yaml', definitionOptions));
  if (!(error instanceof FileProblemsError)) throw error;
  return error.problems.map(problemText);
}

/** Returns the one thing that is wrong with a text. */
export async function problemOf(text: string): Promise<string> {
  const [problem, ...others] = await problemsOf(text);
  expect(others).to.deep.equal([]);
  return problem ?? '';
}

/** Declares a test for each text: a line about it begins with the file and the line, and goes on as given. */
export function cases(table: readonly (readonly [what: string, text: string, problem: string | RegExp])[]): void {
  for (const [what, text, problem] of table) {
    it(`refuses ${what}`, async () => {
      const problems = await problemsOf(text);
      if (typeof problem === 'string') expect(problems).to.include(`p.yaml:${problem}`);
      else
        expect(
          problems.find((each) => problem.test(each)),
          problems.join('\n'),
        ).to.be.a('string');
    });
  }
}

import { expect } from 'chai';
import { parseDefinition } from '../../src/pipeline/definition.js';
import { UsageError } from '../../src/runtime/errors.js';
import { rejectionOf } from '../support/rejection.js';
import { definitionOptions } from './definition-texts.js';

/** Returns the usage error, of one line, that work fails with. */
export async function failure(work: Promise<unknown>): Promise<UsageError> {
  const error = await rejectionOf(work, UsageError);
  expect(error.message).not.to.match(/[\r\n]/);
  return error;
}

export const problemOf = async (text: string): Promise<string> =>
  (await failure(parseDefinition(text, 'p.yaml', definitionOptions))).message;

/** Declares a test for each text: its one-line error begins with the file and the line, and goes on as given. */
export function cases(table: readonly (readonly [what: string, text: string, problem: string | RegExp])[]): void {
  for (const [what, text, problem] of table) {
    it(`refuses ${what}`, async () => {
      const message = await problemOf(text);
      if (typeof problem === 'string') expect(message).to.equal(`p.yaml:${problem}`);
      else expect(message).to.match(problem);
    });
  }
}

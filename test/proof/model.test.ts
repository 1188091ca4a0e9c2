import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { guards, scopes } from './model-cases.js';
import { modelPath, searchModel, spinHint } from './spin.js';

const isRequired = process.env['CHAINPARSE_REQUIRE_SPIN'] === '1';

function describeModel(title: string, suite: () => void): void {
  if (spinHint === null) describe(title, suite);
  else if (isRequired) it(title, () => Promise.reject(new Error(String(spinHint))));
  else describe.skip(`${title}: ${spinHint}`, suite); // pending where there is no spin; CI requires it
}

describeModel('The model', () => {
  for (const { model, scope, flags } of scopes) {
    it(`of ${model} keeps its promises with ${scope}`, async function () {
      this.timeout(180_000);
      const { broken, isWhole, states } = await searchModel(model, flags, '-O2');
      expect(broken).to.equal(null);
      expect(isWhole).to.equal(true);
      // A model that can't move keeps every promise.
      expect(states).to.be.above(10_000);
    });
  }

  for (const { model, guard, breaks, flags } of guards) {
    it(`of ${model} breaks ${breaks} with ${guard}`, async function () {
      this.timeout(60_000);
      expect((await searchModel(model, [`-D${guard}`, ...flags], '-O0')).broken).to.equal(breaks);
    });
  }
});

describe('The list of the model’s guards', () => {
  for (const model of ['lease', 'timeout'] as const) {
    it(`is whole for ${model}`, async () => {
      const text = await readFile(modelPath(model), 'utf8');
      const inModel = [...text.matchAll(/(?:^#ifndef |defined\()(NO_\w+)/gm)].map(([, guard]) => guard);
      const listed = guards.filter((guard) => guard.model === model).map(({ guard }) => guard);
      expect(listed.sort()).to.deep.equal([...new Set(inModel)].sort());
    });
  }
});

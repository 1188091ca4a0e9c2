import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { declareMissing, extentOf } from '../support/extent.js';
import { guards, scopes } from './model-cases.js';
import { modelPath, searchModel, spinHint } from './spin.js';

function describeModel(title: string, suite: () => void): void {
  if (spinHint === null) describe(title, suite);
  else declareMissing(title, spinHint, suite);
}

/** To search all takes two minutes of a processor; one where nothing is to be compiled. */
const every = extentOf({ sample: 8, full: 1, soak: 1 });

function isPlayed(_case: object, index: number): boolean {
  return index % every === 0;
}

describeModel('The model', () => {
  for (const { model, scope, flags } of scopes.filter(isPlayed)) {
    it(`of ${model} keeps its promises with ${scope}`, async function () {
      // It computes: beside all other tests it takes ten times as long as alone.
      this.timeout(600_000);
      const { broken, isWhole, states } = await searchModel(model, flags, '-O2');
      expect(broken).to.equal(null);
      expect(isWhole).to.equal(true);
      // A model that can't move keeps every promise.
      expect(states).to.be.above(10_000);
    });
  }

  for (const { model, guard, breaks, flags } of guards.filter(isPlayed)) {
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

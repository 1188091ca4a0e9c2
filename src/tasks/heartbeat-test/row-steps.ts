import { demand } from './step-failed-error.js';
import type { TestStep } from './test-step.js';

/** Makes the rows that the test works on. */
export const openingStep: TestStep = {
  name: 'own_rows',
  title: { en: 'rows of its own', zh: '测试专用的行' },
  async run({ scene, trial }) {
    const removed = await scene.setUp();
    await trial.begin();
    if (removed === 0) return { detail: { en: 'made, in disabled pipelines', zh: '已在停用的流水线中创建' } };
    return {
      detail: {
        en: `made, in disabled pipelines; removed ${removed} of an earlier test that was killed`,
        zh: `已在停用的流水线中创建; 清除了先前被终止的测试遗留的 ${removed} 条流水线`,
      },
    };
  },
};

/** Removes them. */
export const closingStep: TestStep = {
  name: 'nothing_left',
  title: { en: 'nothing is left behind', zh: '不留任何数据' },
  async run({ scene }) {
    const left = await scene.cleanUp();
    const detail = { en: `${left} rows are left`, zh: `遗留 ${left} 行` };
    demand(left === 0, detail, {
      en: "run the test again: it removes what an earlier one left; see pipelines named 'chainparse heartbeat test …'",
      zh: "请重新运行测试以清除遗留; 参见名为 'chainparse heartbeat test …' 的流水线",
    });
    return { detail };
  },
};

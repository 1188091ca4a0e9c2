// How much the tests play. `npm test` plays a sample; with CHAINPARSE_TEST_FULL=1, and for single files that are given to
// mocha, all of it; `npm run soak` what takes hours.
const isSet = (name: string): boolean => process.env[name] === '1';

/** The variable by which whoever starts the tests asks for a sample of them. */
export const sampleVariable = 'CHAINPARSE_TEST_SAMPLE';

/** The variable that asks for what takes hours. */
export const soakVariable = 'CHAINPARSE_TEST_SOAK';

/** Whether all is wanted, and a machine that lacks a server, a browser or another program that tests need fails them. */
export const isFull = isSet('CHAINPARSE_TEST_FULL');

/** Whether suites that would run on every database run on few of them. */
export const isSample = isSet(sampleVariable);

/** Coverage makes all slow, and the first repetitions cover what the others do. */
const isCovering = process.env['NODE_V8_COVERAGE'] !== undefined;

/** Returns how much of something is played: so much of it for a sample, for all tests, and for hours. */
export function extentOf<T>({ sample, full, soak }: Record<'sample' | 'full' | 'soak', T>): T {
  if (isSet(soakVariable)) return soak;
  return isSample || isCovering ? sample : full;
}

/** Returns those of many alike that are played: for a sample the first, and each so many behind it. */
export function playedOf<T>(all: readonly T[], each: number): readonly T[] {
  const step = extentOf({ sample: each, full: 1, soak: 1 });
  return all.filter((_, at) => at % step === 0);
}

/** Declares a test that takes long, and most of which others see, too: it is pending in a sample. */
export function itAtLength(title: string, test: Mocha.AsyncFunc): void {
  (isSample ? it.skip : it)(title, test);
}

/** Declares what needs something that this machine lacks: it fails where all is wanted, and is pending elsewhere. */
export function declareMissing(title: string, howToGet: string, suite: () => void): void {
  if (isFull) it(title, () => Promise.reject(new Error(`it can't be tried here: ${howToGet}`)));
  else describe.skip(`${title}: ${howToGet}`, suite);
}

import { expect } from 'chai';

type ClassOf<E> = abstract new (...args: never[]) => E;

/** Returns the error that work fails with, of a class where one is named; throws where it succeeds. */
export async function rejectionOf<E extends Error = Error>(
  work: Promise<unknown>,
  kind: ClassOf<E> = Error as unknown as ClassOf<E>,
): Promise<E> {
  const thrown: unknown = await work.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => error,
  );
  return ofKind(thrown, kind);
}

/** The same for what is done at once. */
export function thrownBy<E extends Error = Error>(
  work: () => unknown,
  kind: ClassOf<E> = Error as unknown as ClassOf<E>,
): E {
  try {
    work();
  } catch (error) {
    return ofKind(error, kind);
  }
  return expect.fail('it succeeded');
}

function ofKind<E extends Error>(thrown: unknown, kind: ClassOf<E>): E {
  expect(thrown).to.be.instanceOf(kind);
  return thrown as E;
}

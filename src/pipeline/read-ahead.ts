/**
 * Walks over what a generator sends, and asks for the next one while the consumer is at work on one: what takes long
 * there (reading, decoding) and here (committing) then goes on at the same time. `arrived` is called as soon as one is
 * there. `whenSent` is called when the consumer was handed one, and resolves when it has sent what it has to send. Where
 * the consumer leaves early, `abandon` must make a generator that waits give up.
 */
export async function* readAhead<T>(
  messages: AsyncGenerator<T, void, undefined>,
  arrived: (message: T) => void,
  abandon: () => void,
  whenSent: () => Promise<void>,
): AsyncGenerator<T, void, undefined> {
  const ask = async (): Promise<IteratorResult<T, void>> => {
    const result = await messages.next();
    if (result.done !== true) arrived(result.value);
    return result;
  };
  let next = ask();
  try {
    for (;;) {
      const result = await next;
      if (result.done === true) return;
      // The consumer goes first: a generator that computes would keep what the consumer has to send from leaving.
      next = whenSent().then(ask);
      // What goes wrong meanwhile is met in its turn.
      next.catch(() => undefined);
      yield result.value;
    }
  } finally {
    abandon();
    await next.catch(() => undefined);
    await messages.return();
  }
}

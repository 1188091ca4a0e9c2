/** What is made of a message for the consumer. */
interface Sending {
  /** Resolves when the consumer has sent what it has to send of it. */
  readonly sent: Promise<void>;
}

/**
 * Walks over what a generator sends, and asks for the next one while the consumer is at work on one: what takes long
 * there (reading, decoding) and here (committing) then goes on at the same time. `prepare` makes what the consumer is handed
 * as soon as a message is there. Where the consumer leaves early, `abandon` must make a generator that waits give up.
 */
export async function* readAhead<M, T extends Sending>(
  messages: AsyncGenerator<M, void, undefined>,
  prepare: (message: M) => T,
  abandon: () => void,
): AsyncGenerator<T, void, undefined> {
  const ask = async (): Promise<T | null> => {
    const result = await messages.next();
    return result.done === true ? null : prepare(result.value);
  };
  let next = ask();
  let goOn = (): void => undefined;
  try {
    for (;;) {
      const item = await next;
      if (item === null) return;
      // The consumer goes first: a generator that computes would keep what the consumer has to send from leaving.
      const turn = new Promise<void>((resolve) => (goOn = resolve));
      void item.sent.then(goOn);
      next = turn.then(ask);
      // What goes wrong meanwhile is met in its turn.
      next.catch(() => undefined);
      yield item;
    }
  } finally {
    abandon();
    goOn();
    await next.catch(() => undefined);
    await messages.return();
  }
}

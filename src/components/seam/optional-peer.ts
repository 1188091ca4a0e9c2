import { RuntimeFailure, UsageError, messageOf } from '../../runtime/errors.js';

/** A client of some server that only those install who need it. */
export interface OptionalPeer<T> {
  /** The type of the component that needs it. */
  readonly type: string;
  /** The names of the packages that it is made of, as npm knows them. */
  readonly packages: readonly string[];
  /** Loads it: `() => import('redis')`, so that it has its types. */
  readonly load: () => Promise<T>;
}

/** Loads a client; throws UsageError that names what to install where it is missing. */
export async function loadPeer<T>({ type, packages, load }: OptionalPeer<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw failureOf(error, type, packages);
  }
}

function failureOf(error: unknown, type: string, packages: readonly string[]): Error {
  const message = messageOf(error);
  const { code } = error as { readonly code?: unknown };
  // Of a client that is there a part of its own may be missing: what it was built of, or for another Node.
  const missing = code === 'ERR_MODULE_NOT_FOUND' && packages.some((name) => isNamed(name, message));
  if (missing) {
    // Node looks beside the program, not in the working folder.
    const hint = `npm install ${packages.join(' ')}, with --global where chainparse was installed so`;
    return new UsageError(`${type} needs ${packages.join(' and ')}: not installed`, { hint });
  }
  const names = packages.join(' ');
  const hint = `npm rebuild ${names}; npm 12 asks for npm install-scripts approve ${names} before, or --allow-scripts with --global`;
  return new RuntimeFailure(`${packages.join(' and ')} can't be loaded: ${firstLine(message)}`, { cause: error, hint });
}

/** Node quotes the package that it looked for. */
function isNamed(name: string, message: string): boolean {
  return message.includes(`'${name}'`);
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

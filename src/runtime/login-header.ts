/** Returns the header that bears user and password of a URL; empty where it has neither. */
export function loginHeader({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '' && password === '') return {};
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(login).toString('base64')}` };
}

/** Says whether user and password of a URL can be decoded: a `%` that stands for itself (`100%`) leaves the URL one. */
export function isLoginEncoded({ username, password }: URL): boolean {
  try {
    for (const part of [username, password]) decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

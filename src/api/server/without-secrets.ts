/** What names of keys and headers that hold secrets have in them. */
const secretNames = /secret|passw(?:or)?d|token|authorization|cookie|credential|signature|seed|(?:api|access)[_-]?key/i;

/** Names where a secret is, or says that there is none. */
const harmless = /^(?:\$\{[A-Za-z_]\w*(?::-)?\})?$/;

/**
 * Returns what a request's body says, as JSON, without the values of keys that hold secrets, right or not: `${NAME}`
 * stays. Of a text that is neither JSON nor YAML only the length is told: nobody knows what in it is secret.
 */
export async function withoutSecrets(body: unknown): Promise<string> {
  try {
    return JSON.stringify(masked(typeof body === 'string' ? await parsed(body) : body));
  } catch {
    return `${String(body).length} characters that are neither JSON nor YAML`;
  }
}

async function parsed(text: string): Promise<unknown> {
  if (/^\s*[[{]/.test(text)) {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      // YAML in one line begins so, too.
    }
  }
  const { parse } = await import('yaml');
  return parse(text, { logLevel: 'error' }) as unknown;
}

function masked(value: unknown): unknown {
  if (typeof value === 'string') return maskedInside(value);
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, isSecret(key, item) ? '***' : masked(item)]),
  );
}

function isSecret(key: string, item: unknown): boolean {
  const text = typeof item === 'number' || typeof item === 'string' ? String(item).trim() : '';
  return secretNames.test(key) && !harmless.test(text);
}

/** Older programs send a definition as a text inside JSON. */
function maskedInside(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(masked(JSON.parse(text)));
  } catch {
    return text;
  }
}

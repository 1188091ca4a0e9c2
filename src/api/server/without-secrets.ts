import { withStandIns } from '../../components/seam/variables.js';
import { masked, secretName, secretValue } from '../../runtime/secrets.js';
import { mostNodes, readJson } from '../read-json.js';

/** Keys of definitions that name a field. */
const fieldName = /^(?:key_field|(?:source|target|result)_key)$/;

/**
 * Returns what a request's body says, as JSON, without the values of keys and headers that hold secrets, right or not:
 * `${NAME}` stays. A body that is neither JSON nor YAML is not told: nobody knows what in it is secret.
 */
export async function withoutSecrets(body: unknown): Promise<string> {
  try {
    const value = typeof body === 'string' ? await parsed(body) : body;
    if (typeof value === 'object' && value !== null) return await objectWithoutSecrets(value);
  } catch {
    // Who sent it is told what is wrong with it by the call itself.
  }
  return '(neither JSON nor YAML)';
}

async function objectWithoutSecrets(value: object): Promise<string> {
  if (!('pipeline_info' in value && typeof value.pipeline_info === 'string')) {
    return JSON.stringify(withoutValues(value));
  }
  // Older programs send a definition as a text inside JSON.
  const { pipeline_info: info, ...rest } = value;
  return JSON.stringify({ ...(withoutValues(rest) as object), pipeline_info: await withoutSecrets(info) });
}

async function parsed(text: string): Promise<unknown> {
  try {
    return readJson(text);
  } catch {
    const { YamlFile } = await import('../../pipeline/definition/yaml-file.js');
    return new YamlFile(text, 'body', mostNodes).value;
  }
}

function withoutValues(value: unknown): unknown {
  if (typeof value === 'string') return withoutText(value);
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(withoutValues);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (key === 'headers' || key === 'body') return [key, withoutTexts(item)];
      return [key, holdsSecret(key, item) ? masked : withoutValues(item)];
    }),
  );
}

/** A header or a text of a webhook's body may hold a secret under any name. */
function withoutTexts(value: unknown): unknown {
  if (typeof value === 'string') return masked;
  if (typeof value !== 'object' || value === null) return withoutValues(value);
  if (Array.isArray(value)) return value.map(withoutTexts);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutTexts(item)]));
}

function holdsSecret(key: string, item: unknown): boolean {
  if (item === null || typeof item === 'boolean') return false;
  if (typeof item === 'string' && withStandIns(item, '').trim() === '') return false;
  return (secretName.test(key) && !fieldName.test(key)) || (typeof item === 'string' && secretValue.test(item));
}

/** Of what is put together of variables and more, as a URL with a key behind `${BASE}`, the variables' names stay. */
function withoutText(text: string): string {
  const names = text.match(/\$\{[A-Za-z_]\w*/g) ?? [];
  if (names.length === 0 || /^[\w .,-]*$/.test(withStandIns(text, ''))) return text;
  return `${names.map((name) => `${name}}`).join(masked)}${masked}`;
}

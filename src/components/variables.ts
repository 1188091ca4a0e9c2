import { UsageError } from '../runtime/errors.js';

const variable = /\$\{([A-Za-z_]\w*)\}/g;

/** Where values of variables come from. */
export interface VariableSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Takes each value that was read, so that no log and no error shows it. */
  readonly remember: (value: string) => void;
}

/** Returns the names of the variables that a config's texts name as `${NAME}`, each once. */
export function variablesIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [...new Set([...value.matchAll(variable)].map(([, name = '']) => name))];
  if (typeof value !== 'object' || value === null) return [];
  return [...new Set(Object.values(value).flatMap(variablesIn))];
}

/** Throws UsageError that names the variables of a config which the environment lacks. */
export function requireVariables(config: object, { env }: Pick<VariableSource, 'env'>): void {
  const names = variablesIn(config);
  const missing = names.filter((name) => (env[name] ?? '') === '');
  if (missing.length > 0) {
    throw new UsageError(`the environment lacks ${missing.join(', ')}, which the definition names`, {
      hint: `set ${missing.length === 1 ? 'it' : 'them'} where the pipeline runs`,
    });
  }
}

/** Returns a config with its variables replaced by what the environment says; throws as `requireVariables`. */
export function withVariables<C extends object>(config: C, variables: VariableSource): C {
  requireVariables(config, variables);
  const { env, remember } = variables;
  for (const name of variablesIn(config)) remember(env[name] ?? '');
  return replaced(config, env) as C;
}

function replaced(value: unknown, env: VariableSource['env']): unknown {
  if (typeof value === 'string') return value.replace(variable, (_text, name: string) => env[name] ?? '');
  if (Array.isArray(value)) return value.map((item) => replaced(item, env));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaced(item, env)]));
}

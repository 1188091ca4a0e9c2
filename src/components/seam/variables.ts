import { UsageError } from '../../runtime/errors.js';

/** `${NAME}`, or `${NAME:-…}` with what stands in its place where the environment says nothing; that may hold a variable, too. */
const variable = /\$\{([A-Za-z_]\w*)(?::-((?:[^${}]|\$\{[A-Za-z_]\w*(?::-[^${}]*)?\})*))?\}/g;

/** Where values of variables come from. */
export interface VariableSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Takes each value that was read, so that no log and no error shows it. */
  readonly remember: (value: string) => void;
}

/** Returns the names of the variables that a config's texts need, each once: `${NAME}`, without a default. */
export function variablesIn(value: unknown): readonly string[] {
  if (typeof value === 'string') {
    const found = [...value.matchAll(variable)];
    return [...new Set(found.flatMap(([, name = '', other]) => (other === undefined ? [name] : variablesIn(other))))];
  }
  if (typeof value !== 'object' || value === null) return [];
  return [...new Set(Object.values(value).flatMap(variablesIn))];
}

/** Returns a text with `standIn` in the place of each variable that has no default, and with the defaults of the others. */
export function withStandIns(text: string, standIn: string): string {
  return text.replace(variable, (_text, _name, other: string | undefined) =>
    other === undefined ? standIn : withStandIns(other, standIn),
  );
}

/** Says whether the environment has every variable of a config. */
export function areSet(config: object, { env }: Pick<VariableSource, 'env'>): boolean {
  return variablesIn(config).every((name) => (env[name] ?? '') !== '');
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
  return replaced(config, variables) as C;
}

function replaced(value: unknown, source: VariableSource): unknown {
  if (typeof value === 'string') return replacedText(value, source);
  if (Array.isArray(value)) return value.map((item) => replaced(item, source));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaced(item, source)]));
}

function replacedText(text: string, source: VariableSource): string {
  return text.replace(variable, (_text, name: string, other: string | undefined) => {
    const value = source.env[name] ?? '';
    if (value === '') return replacedText(other ?? '', source);
    source.remember(value);
    return value;
  });
}

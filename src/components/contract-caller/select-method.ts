import { parseMembers, typeName } from '../../chain/abi/abi-type.js';
import type { AbiFragment, AbiParameter } from '../../model/pipeline.js';
import { UsageError } from '../../runtime/errors.js';
import { nearest } from '../../runtime/nearest.js';

/** What became of a method's name or signature. */
export type SelectedMethod =
  { readonly method: AbiFragment } | { readonly problem: string; readonly key: 'method_name' | 'method_params' };

/** Finds the method of an ABI that a definition names, by its name (with so many parameters) or its signature. */
export function selectMethod(abi: readonly AbiFragment[], written: string, params: number): SelectedMethod {
  const functions = abi.filter(({ type, name }) => type === 'function' && name !== undefined);
  const isSignature = written.includes('(');
  const nameOf = (each: AbiFragment): string => (isSignature ? methodSignature(each) : (each.name ?? ''));
  try {
    const wanted = isSignature ? written.replaceAll(' ', '').replaceAll(/\b(u?int)(?!\d)/g, '$1256') : written;
    const named = functions.filter((each) => nameOf(each) === wanted);
    const fitting = named.filter(({ inputs = [] }) => inputs.length === params);
    return judge({ written, params, named, fitting, names: functions.map(nameOf) });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { problem: `the ABI is wrong: ${error.message}`, key: 'method_name' };
  }
}

interface Found {
  readonly written: string;
  readonly params: number;
  readonly named: readonly AbiFragment[];
  readonly fitting: readonly AbiFragment[];
  readonly names: readonly string[];
}

function judge({ written, params, named, fitting, names }: Found): SelectedMethod {
  const [method, ...again] = fitting;
  const [first] = named;
  if (first === undefined) {
    const closest = nearest(written, names);
    const tail = closest === undefined ? '' : `; the nearest is ${closest}`;
    return { problem: `${JSON.stringify(written)} is no method of the ABI${tail}`, key: 'method_name' };
  }
  if (method === undefined) {
    const wanted = (first.inputs ?? []).length;
    const problem = `must list ${wanted} value${wanted === 1 ? '' : 's'} for ${methodSignature(first)}, not ${params}`;
    return { problem, key: 'method_params' };
  }
  // ABIs that were put together, as those of a proxy and of what stands behind it, have some methods twice.
  const signatures = [...new Set(fitting.map(methodSignature))];
  if (signatures.length > 1)
    return { problem: `is the name of several methods: write ${signatures.join(' or ')}`, key: 'method_name' };
  // What it returns is looked at now, not when it is called.
  const returned = returnedBy(method);
  if (again.every((each) => returnedBy(each) === returned)) return { method };
  const problem = `is ${signatures.join('')} of several methods, which return different types: leave only one in the ABI`;
  return { problem, key: 'method_name' };
}

/** Returns what tells types that a method returns from others, with the names that answers have inside of tuples. */
function returnedBy({ outputs = [] }: AbiFragment): string {
  return JSON.stringify(parseMembers(outputs, 'outputs').map(({ type }) => type));
}

/** Returns the canonical signature of a method, such as `balanceOf(address)`; throws UsageError for a type that is none. */
export function methodSignature({ name = '', inputs }: AbiFragment): string {
  return `${name}(${typesOf(inputs, `function ${name}: inputs`).join(',')})`;
}

/** Returns the names of types; throws a UsageError that begins with `where` for one that is none. */
export function typesOf(parameters: readonly AbiParameter[] = [], where = 'outputs'): readonly string[] {
  return parseMembers(parameters, where).map(({ type }) => typeName(type));
}

import { toChecksumAddress } from '../../chain/abi/checksum.js';

type Path = readonly PropertyKey[];
type Keys = Readonly<Record<string, unknown>>;

/** Something that is accepted, and worth a word. */
export interface FormRemark {
  readonly path: Path;
  readonly message: string;
}

/** A definition in one form, whichever it was written in. */
export interface OneForm {
  readonly value: unknown;
  /** Keys and addresses that were accepted, in the order of their kind. */
  readonly remarks: readonly FormRemark[];
  /** What is wrong with the form itself. */
  readonly problems: readonly FormRemark[];
  /** Returns where something of `value` stands in the file. */
  readonly placeOf: (path: Path) => Path;
}

/** Keys of the older program that have no meaning here. */
const withoutMeaning = new Set([
  ...['output_format', 'version', 'message_config', 'error_handling', 'performance', 'input_dependencies', 'sync_send'],
]);
/** Lists whose items may have a description. */
const describedLists = new Set(['contract_callers', 'mapping_rules']);
const addressKeys = new Set(['contract_address', 'address', 'address_filters', 'factory']);
/** Keys whose values are somebody's own: what is called an address in them may be any text. */
const ownValues = new Set(['default_value', 'condition', 'body', 'abi']);

/** How a definition is read. */
interface Reading {
  /** True: wrong checksums are taken whatever it holds. */
  readonly isLenient: boolean;
  /** The keys of its components in the order of the file, where they are a mapping. */
  readonly order: readonly string[];
}

/** Brings a definition of the older program into the form of this one. */
export function toOneForm(value: unknown, { isLenient, order }: Reading): OneForm {
  if (!isKeys(value)) return { value, remarks: [], problems: [], placeOf: (path) => path };
  const places: FormPlace[] = [];
  const problems: FormRemark[] = [];
  const components = componentsOf(value['components'], order, { places, problems });
  const form = new FormReader();
  const read = form.read({ ...value, ...(components === undefined ? {} : { components }) }, [], null) as Keys;
  const isOlder = isLenient || form.remarks.length > 0 || isKeys(value['components']);
  const placeOf = (path: Path): Path => placeIn(path, places);
  const addresses = isOlder ? new AddressReader() : null;
  const lenient = addresses?.read(read, []) ?? read;
  const remarks = [...form.remarks, ...(addresses?.remarks ?? [])];
  return { value: lenient, remarks: remarks.map((each) => ({ ...each, path: placeOf(each.path) })), problems, placeOf };
}

/** Where a component stands in the file, and which of its keys stand in its `config`. */
interface FormPlace {
  readonly at: Path;
  readonly inConfig: ReadonlySet<string>;
}

/** A mapping's order is that of the components; what is not enabled is left out, and a `config` stands for its keys. */
function componentsOf(
  value: unknown,
  order: readonly string[],
  { places, problems }: { readonly places: FormPlace[]; readonly problems: FormRemark[] },
): unknown {
  const entries: readonly (readonly [PropertyKey, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : isKeys(value)
      ? [...new Set(order)].filter((key) => Object.hasOwn(value, key)).map((key) => [key, value[key]])
      : [];
  const isForm = Array.isArray(value) || (isKeys(value) && Object.values(value).every(isKeys));
  if (!isForm) return value;
  return entries.flatMap(([key, component]) => {
    if (!isKeys(component)) {
      places.push({ at: ['components', key], inConfig: new Set() });
      return [component];
    }
    const { enabled, config, ...own } = component;
    if (enabled === false) return [];
    const at = ['components', key];
    if (enabled !== undefined && enabled !== true)
      problems.push({ path: [...at, 'enabled'], message: 'must be true or false' });
    if (config !== undefined && !isKeys(config))
      problems.push({ path: [...at, 'config'], message: 'must be a mapping of keys to values' });
    const inner = isKeys(config) ? config : {};
    places.push({ at, inConfig: new Set(Object.keys(inner)) });
    const named = typeof key === 'string' && own['name'] === undefined ? { name: key } : {};
    return [{ ...named, ...own, ...inner }];
  });
}

function placeIn(path: Path, places: readonly FormPlace[]): Path {
  const [first, position, key, ...rest] = path;
  const place = first === 'components' && typeof position === 'number' ? places[position] : undefined;
  if (place === undefined) return path;
  if (key === undefined) return place.at;
  return [...place.at, ...(place.inConfig.has(String(key)) ? ['config'] : []), key, ...rest];
}

/** Leaves out keys that have no meaning, each told once. */
class FormReader {
  readonly remarks: FormRemark[] = [];
  readonly #told = new Set<string>();

  read(value: unknown, path: Path, list: string | null): unknown {
    if (Array.isArray(value)) return value.map((item, position) => this.read(item, [...path, position], list));
    if (!isKeys(value) || path.includes('abi')) return value;
    const isOwn = path.length === 0 || (path[0] === 'components' && path.length === 2);
    const entries = Object.entries(value).filter(([key]) => {
      const isLeftOut = isOwn ? withoutMeaning.has(key) : key === 'description' && describedLists.has(list ?? '');
      if (isLeftOut) this.#tell(key, [...path, key]);
      return !isLeftOut;
    });
    return Object.fromEntries(entries.map(([key, each]) => [key, this.read(each, [...path, key], key)]));
  }

  #tell(key: string, path: Path): void {
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.remarks.push({ path, message: 'has no meaning here, and is left out' });
  }
}

/** Takes addresses whose checksum is wrong for what they are without it. */
class AddressReader {
  readonly remarks: FormRemark[] = [];

  read(value: unknown, path: Path): unknown {
    const key = path.findLast((part) => typeof part === 'string') ?? '';
    if (typeof value === 'string') return addressKeys.has(key) ? this.#address(value, path) : value;
    if (Array.isArray(value)) return value.map((item, position) => this.read(item, [...path, position]));
    if (!isKeys(value)) return value;
    const entries = Object.entries(value).map(([name, each]): [string, unknown] => [
      name,
      ownValues.has(name) ? each : this.read(each, [...path, name]),
    ]);
    return Object.fromEntries(entries);
  }

  #address(text: string, path: Path): string {
    const lower = text.trim().toLowerCase();
    const digits = text.trim().slice(2);
    const isMixed = digits !== digits.toLowerCase() && digits !== digits.toUpperCase();
    if (!/^0x[0-9a-f]{40}$/.test(lower) || !isMixed) return text;
    const right = toChecksumAddress(lower);
    if (right.slice(2) === digits) return text;
    this.remarks.push({ path, message: `${text} has a wrong EIP-55 checksum; taken for ${right}` });
    return lower;
  }
}

function isKeys(value: unknown): value is Keys {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

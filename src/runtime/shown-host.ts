/** Labels up to this length are names; providers' keys are longer. */
const longestName = 20;

/** A part of a name that people gave: a word, a number, both. */
const word = /^(?:[a-z]{0,20}|\d{1,5}|[a-z]{1,12}\d{1,4}|\d{1,3}[a-z]{1,3})$/i;

/** Returns a host, with its port where there is one, as it may be shown: without the keys that providers put into it. */
export function shownHost(host: string): string {
  return host
    .split('.')
    .map((label) => (isKey(label.replace(/:\d{1,5}$/, '')) ? label.replace(/^[^:]+/, '***') : label))
    .join('.');
}

/** Returns where a redirect leads, as it may be shown: the rest of a URL may be a key. Undefined where that is no URL. */
export function shownTarget(location: string | string[] | undefined, from: URL): string | undefined {
  if (typeof location !== 'string' || !URL.canParse(location, from.href)) return undefined;
  const { protocol, host } = new URL(location, from);
  return `${protocol}//${shownHost(host)}`;
}

/** Returns the labels of a host that are keys. */
export function keysInHost(host: string): readonly string[] {
  return host.split('.').filter(isKey);
}

/** Tells hex and base64 from names: `ethereum-mainnet-archive-01` is one, however long it is. */
function isKey(label: string): boolean {
  if (label.length <= longestName || !/^[\w-]+$/.test(label) || /^xn--/i.test(label)) return false;
  return !label.split(/[-_]/).every((part) => word.test(part));
}

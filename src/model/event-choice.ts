/** What tells the kinds of events apart. */
interface NamedEvent {
  readonly eventName: string;
  /** Of several events of one name each has its own: `Transfer(address,address,uint256)`. */
  readonly eventSignature: string;
}

/** Says whether an event is meant by a name, or a full signature, as definitions give it; null means every event. */
export function isMeant(chosen: string | null, { eventName, eventSignature }: NamedEvent): boolean {
  return chosen === null || chosen === eventName || chosen === eventSignature;
}

/** Says whether an event is meant by one of several; none of them means every event. */
export function isAmong(chosen: readonly string[], event: NamedEvent): boolean {
  return chosen.length === 0 || chosen.some((each) => isMeant(each, event));
}

/** Which endpoints may be asked, by their names; where nothing is said, all. */
export interface EndpointChoice {
  readonly only?: readonly string[];
  readonly except?: readonly string[];
  /** Whom to ask before all others, as long as it is there. */
  readonly first?: string;
}

/** Says whether the endpoint of a name may be asked. */
export function isChosen({ only, except }: EndpointChoice, name: string): boolean {
  return (only === undefined || only.includes(name)) && except?.includes(name) !== true;
}

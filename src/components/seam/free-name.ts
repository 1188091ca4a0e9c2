/** Returns the name of an argument's column: its own, else with `_arg` behind it, else with a number. */
export function freeName(name: string, isTaken: (name: string) => boolean): string {
  let free = isTaken(name) ? `${name}_arg` : name;
  for (let i = 2; isTaken(free); i++) free = `${name}_${i}`;
  return free;
}

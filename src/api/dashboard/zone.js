/** The database's time zone, in which the page tells every time; null until the server has told it. */
let zone = null;

/** Takes the database's offset from UTC, such as `+08:00`; says whether times are told otherwise from now on. */
export function setZone(offset) {
  const before = zone ?? '+00:00';
  zone = offset;
  return before !== offset;
}

/** Returns the name of the zone: `UTC`, `UTC+08:00`; nothing while it is not known. */
export function zoneName() {
  if (zone === null) return '';
  return /^[+-]00:00$/.test(zone) ? 'UTC' : `UTC${zone}`;
}

/** Returns how far the zone is ahead of UTC, in milliseconds. */
export function zoneShift() {
  const [, sign, hours, minutes] = /^([+-])(\d\d):(\d\d)$/.exec(zone ?? '') ?? [null, '+', '0', '0'];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

/** Writes a moment, in milliseconds since the epoch, as the database would: `2024-01-15T10:05:30.123`. */
export function inZone(ms) {
  return new Date(ms + zoneShift()).toISOString().slice(0, 23);
}

/** Writes a text behind which the zone's name stands, where it is known. */
export function withZone(text) {
  const name = zoneName();
  return name === '' ? text : `${text} ${name}`;
}

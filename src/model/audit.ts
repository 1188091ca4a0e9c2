/** A call of the API that changes something: who asked for what, and what became of it. */
export interface AuditedCall {
  /** By which right: `token`, or `anyone` where no token is set. */
  readonly actor: string;
  /** The network address that it came from. */
  readonly address: string;
  readonly method: string;
  readonly path: string;
  /** What was sent along, shortened; null: nothing. */
  readonly detail: string | null;
}

/** A row of `audit_log`. Times are in the database's time zone, no suffix. */
export interface AuditEntry extends AuditedCall {
  readonly id: number;
  readonly createTime: string;
  /** The HTTP status of the answer; null: the server ended before it answered. */
  readonly status: number | null;
}

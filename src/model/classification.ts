/** A node of the tree that pipelines are sorted into. Times are in the database's time zone, no suffix. */
export interface Classification {
  readonly id: number;
  /** Null: it stands at the top. */
  readonly parentId: number | null;
  readonly name: string;
  readonly createTime: string | null;
  readonly updateTime: string | null;
}

export type SqlValue = string | number | bigint | null | Uint8Array

/** A row by column. Whole numbers are numbers, blobs are Uint8Arrays. */
export type Row = Record<string, SqlValue>

/**
 * A database, whichever it is. Statements have `?` for parameters and are written once for both engines; what must differ
 * asks for `dialect`.
 */
export interface Sql {
  readonly dialect: 'sqlite' | 'postgres'
  query(sql: string, parameters?: readonly SqlValue[]): Promise<Row[]>
  run(sql: string, parameters?: readonly SqlValue[]): Promise<void>
  /** Runs a statement with each of these parameters, in their order. */
  runAll(sql: string, parameters: readonly (readonly SqlValue[])[]): Promise<void>
  /**
   * Runs `work` in one transaction: what it did is durable when the promise resolves; when `work` or the commit fails, nothing
   * was done. `work` may run again after a conflict with another transaction. Within one, another is a part of it.
   */
  transaction<T>(work: (tx: Sql) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** The part of snappyjs 0.7 that we use; it has no types of its own. */
declare module 'snappyjs' {
  /** Snappy's block format, without frames. */
  export function compress(bytes: Uint8Array): Uint8Array
}

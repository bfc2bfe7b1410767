/** Why bytes are no block, or samples cannot be one. */
export type BlockErrorCode =
  /** Ends before what it announces. */
  | 'truncated'
  /** Its checksum is not that of its bytes. */
  | 'checksum'
  /** Written in a format that this version does not know. */
  | 'version'
  /** Well delivered, and yet not what `packBlock` writes. */
  | 'damaged'
  /** Over a limit of `blockLimits`. */
  | 'too-large'

export class BlockError extends Error {
  readonly code: BlockErrorCode
  constructor(code: BlockErrorCode, message: string) {
    super(`sample block: ${message}`)
    this.name = 'BlockError'
    this.code = code
  }
}

/** Bytes that grow. */
export interface ByteWriter {
  byte(value: number): void
  /** A safe integer of at least 0, 7 bits a byte, the lowest first, as in protobuf. */
  varint(value: number): void
  /** Any safe integer: its sign in the lowest bit, then its size. */
  signed(value: number): void
  bytes(values: Uint8Array): void
  /** What was written, without a copy: valid until the next write. */
  written(): Uint8Array
  /** Begins anew, in the same memory. */
  clear(): void
}

/** @param capacity bytes to begin with */
export function createByteWriter(capacity = 1024): ByteWriter {
  let buffer = new Uint8Array(capacity)
  let length = 0
  const reserve = (count: number) => {
    if (length + count <= buffer.length) return
    const grown = new Uint8Array(Math.max(buffer.length * 2, length + count))
    grown.set(buffer)
    buffer = grown
  }
  const varint = (value: number) => {
    reserve(8)
    let rest = value
    while (rest >= 0x80) {
      buffer[length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    buffer[length++] = rest
  }
  return {
    byte(value) {
      reserve(1)
      buffer[length++] = value
    },
    varint,
    signed(value) {
      const size = Math.abs(value)
      const sign = value < 0 ? 1 : 0
      if (size < 0x40) {
        reserve(1)
        buffer[length++] = size * 2 + sign
        return
      }
      // Six bits beside the sign, so that no safe integer needs to be doubled.
      reserve(1)
      buffer[length++] = (size % 0x40) * 2 + sign + 0x80
      varint(Math.floor(size / 0x40))
    },
    bytes(values) {
      reserve(values.length)
      buffer.set(values, length)
      length += values.length
    },
    written: () => buffer.subarray(0, length),
    clear() {
      length = 0
    },
  }
}

/** Reads what a `ByteWriter` wrote. Every method throws BlockError where the bytes do not suffice or say nonsense. */
export interface ByteReader {
  byte(): number
  varint(): number
  signed(): number
  bytes(count: number): Uint8Array
  /** Bytes that are left. */
  left(): number
}

export function createByteReader(bytes: Uint8Array): ByteReader {
  let at = 0
  const byte = () => {
    const value = bytes[at]
    if (value === undefined) throw new BlockError('truncated', `ends at byte ${at}, in the middle of a value`)
    at++
    return value
  }
  const varint = () => {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      const next = byte()
      value += (next & 0x7f) * scale
      if (!Number.isSafeInteger(value)) throw new BlockError('damaged', `byte ${at} begins no integer of 53 bits`)
      if (next < 0x80) return value
      // An empty last byte, or more of them, is nothing that we write.
      if (scale >= 2 ** 49) throw new BlockError('damaged', `an integer at byte ${at} does not end`)
    }
  }
  return {
    byte,
    varint,
    signed() {
      const first = byte()
      let size = (first & 0x7f) >> 1
      if (first >= 0x80) {
        size += varint() * 0x40
        if (!Number.isSafeInteger(size)) throw new BlockError('damaged', `byte ${at} ends no integer of 53 bits`)
      }
      return first & 1 ? -size : size
    },
    bytes(count) {
      if (count > bytes.length - at) {
        throw new BlockError('truncated', `announces ${count} bytes at byte ${at} and has ${bytes.length - at}`)
      }
      at += count
      return bytes.subarray(at - count, at)
    },
    left: () => bytes.length - at,
  }
}

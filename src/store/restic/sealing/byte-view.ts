/** The same memory as a plain Uint8Array: a Buffer's `slice` is a view where that of every other Uint8Array is a copy. */
export const byteView = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);

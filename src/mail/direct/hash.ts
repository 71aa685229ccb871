/** An incremental SHA-256, as `createHash('sha256')` of `node:crypto` is one; handed in, as this folder imports nothing. */
export interface Hash {
  update(bytes: Uint8Array): unknown;
  digest(encoding: 'hex'): string;
}

export type NewHash = () => Hash;

/** A whole pack to be read through. */
export interface VerifyJob {
  readonly job: number;
  readonly id: string;
  readonly bytes: Uint8Array;
}

export interface VerifiedPack {
  readonly job: number;
  /** What is wrong with it, one sentence each, completing "the pack … "; empty when all is well. */
  readonly damage: readonly string[];
  /** What its own header lists, as `decodePackHeader` takes it; empty when the header is damaged. */
  readonly header: Uint8Array;
}

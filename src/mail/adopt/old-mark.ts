import type { ByteString } from '../../model/byte-string.ts';
import { identityOf } from '../maildir-name.ts';

/** What OfflineIMAP and mbsync write into the name of a message's file. */
export interface OldMark {
  /** `,U=`: with OfflineIMAP the UID on the server, with mbsync one of its own. */
  readonly uid: number;
  /** `,FMD5=`: of OfflineIMAP, the MD5 of the name of the folder that the UID is of. */
  readonly folderDigest: string | undefined;
}

/** Undefined for a name without `,U=`: a message that neither of them has brought to the server or from it. */
export const parseOldMark = (name: ByteString): OldMark | undefined => {
  const identity = identityOf(name);
  const uid = Number(/,U=(\d{1,10})(?=,|$)/.exec(identity)?.[1]);
  if (!(uid > 0) || uid > 0xffff_ffff) return undefined;
  return { uid, folderDigest: /,FMD5=([0-9a-f]{32})(?=,|$)/.exec(identity)?.[1] };
};

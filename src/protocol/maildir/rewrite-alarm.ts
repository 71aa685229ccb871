import type { Run } from '../../contract/run.ts';
import { type ByteString, displayText } from '../../model/byte-string.ts';
import type { Metadata, Path } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { joined } from '../files/capture-context.ts';

/** Messages never change in place. A copy (another inode and time, the same size) is not counted. */
export const isRewritten = (now: Metadata, before: Metadata): boolean =>
  now.type === 'file' &&
  before.type === 'file' &&
  (now.size !== before.size || (now.inode === before.inode && now.mtime !== before.mtime));

export interface RewriteAlarm {
  add(name: ByteString): void;
  tell(directory: { readonly path: Path; readonly file: ByteString }, run: Run): void;
}

/** One event for a folder, however many messages: a mail server may compress or encrypt all of them in a night. */
export const createRewriteAlarm = (): RewriteAlarm => {
  let count = 0;
  let first: ByteString | undefined;
  return {
    add: (name) => {
      count++;
      first ??= name;
    },
    tell: ({ path, file }, run) => {
      if (first === undefined) return;
      const what = count === 1 ? 'a message' : `${String(count)} messages`;
      const fault = new Fault('entry-changed', `${what} in ${displayText(file)} changed, which messages never do`, {
        hint: 'Right if the mail server compresses or encrypts stored mail. Otherwise look at these files at once.',
        context: { count, first: displayText(first) },
      });
      run.emit({ kind: 'fault', fault, path: joined(path) });
    },
  };
};

import { createHash } from 'node:crypto';
import { open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExportedMessage, ExportReport } from '../../contract/exported-mail.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { byteStringOfLatin1 } from '../../model/byte-string.ts';
import { joinFlags } from '../../mail/direct/flags.ts';
import { rawNameOf, maildirFolder } from '../../mail/maildir-folder.ts';
import type { Mailbox } from '../../mail/mailbox.ts';
import { identityOf } from '../../mail/maildir-name.ts';
import { errnoFault } from '../../system/errno.ts';
import { makeMaildir, nameWith } from '../maildir/mirror/mirror-folder.ts';
import { type MirrorKeywords, readMirrorKeywords } from '../maildir/mirror/mirror-keywords.ts';
import { syncDirectory } from '../maildir/mirror/mirror-state.ts';

interface OpenMaildir {
  readonly directory: string;
  /** What lies there, by the part of the names that stays. */
  readonly known: Set<string>;
  readonly keywords: MirrorKeywords;
}

/** The folder's directory in a Maildir++: levels that were escaped already stay as they are. */
const directoryOf = (root: string, { levels, layout }: Mailbox): string => {
  if (levels.length === 0) return root;
  if (layout === 'maildir++') return join(root, `.${levels.join('.')}`);
  return join(
    root,
    maildirFolder(rawNameOf(levels, '/'), '/', () => createHash('sha256')),
  );
};

const openFolder = async (directory: string, isRoot: boolean): Promise<OpenMaildir> => {
  await makeMaildir(directory);
  if (!isRoot) await writeFile(join(directory, 'maildirfolder'), '', { mode: 0o600 });
  const known = new Set<string>();
  for (const own of ['cur', 'new']) {
    for (const name of await readdir(join(directory, own), 'latin1')) known.add(identityOf(byteStringOfLatin1(name)));
  }
  return { directory, known, keywords: await readMirrorKeywords(directory) };
};

const writeMessage = async (message: ExportedMessage, { directory, keywords }: OpenMaildir): Promise<void> => {
  const identity = identityOf(message.name);
  const temporary = join(directory, 'tmp', identity);
  const letters = keywords.lettersOf(joinFlags(message.letters, message.keywords)) + message.letters;
  await keywords.save();
  const file = await open(temporary, 'w', 0o600);
  try {
    for await (const bytes of message.bytes) await file.writeFile(bytes);
    const seconds = Number(message.entry.mtime) / 1e9;
    await file.utimes(seconds, seconds);
    await file.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(temporary, join(directory, 'cur', nameWith(identity, letters)));
};

/**
 * Adds messages to a Maildir++, which may have others. A message of the same name that is there already is left, whatever its
 * flags are now: a second time adds nothing.
 */
export const writeMaildir = async (
  messages: AsyncIterable<ExportedMessage>,
  root: string,
  run: Run,
): Promise<ExportReport> => {
  let current: OpenMaildir | undefined;
  let [count, total, left] = [0, 0, 0];
  try {
    await makeMaildir(root);
    for await (const message of messages) {
      throwIfInterrupted(run);
      const directory = directoryOf(root, message.mailbox);
      if (current?.directory !== directory) {
        if (current !== undefined) await syncDirectory(join(current.directory, 'cur'));
        current = await openFolder(directory, directory === root);
      }
      const identity = identityOf(message.name);
      if (current.known.has(identity)) {
        left++;
        continue;
      }
      await writeMessage(message, current);
      current.known.add(identity);
      count++;
      total += message.entry.size;
      run.emit({ kind: 'progress', files: count, bytes: total, current: message.name });
    }
    if (current !== undefined) await syncDirectory(join(current.directory, 'cur'));
  } catch (error) {
    throw errnoFault(error, 'write', root);
  }
  return { messages: count, bytes: total, left };
};

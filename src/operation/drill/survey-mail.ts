import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { Base } from '../../contract/source.ts';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import type { Path } from '../../model/entry.ts';

/** A Maildir of a backup, with the folders that lie in it (Maildir++). */
export interface SurveyedMaildir {
  readonly component: string;
  /** Below the component. */
  readonly path: Path;
  /** Names of directories: `.Archive.2025`; empty for the inbox. */
  readonly folders: readonly ByteString[];
}

export interface SurveyedMail {
  readonly maildirs: readonly SurveyedMaildir[];
  readonly messages: number;
}

/** Deeper than any mail server puts the Maildir of a person. */
const deepest = 9;

const [current, fresh, temporary] = [byteStringOfLatin1('cur'), byteStringOfLatin1('new'), byteStringOfLatin1('tmp')];

export const messageFolders: readonly ByteString[] = [current, fresh];

const inbox = byteStringOfLatin1('');

/** The path of a folder of a Maildir. */
export const folderPath = (maildir: Path, folder: ByteString): Path => (folder === '' ? maildir : [...maildir, folder]);

const directoriesIn = async (base: Pick<Base, 'children'>, path: Path, run: Run): Promise<readonly ByteString[]> => {
  const names: ByteString[] = [];
  for await (const page of base.children(path, run)) {
    for (const { entry } of page) if (entry.type === 'directory') names.push(entry.name);
  }
  return names;
};

/** A copy that leaves out empty folders has no `new`, and Dovecot makes it. */
const isMaildir = (names: readonly ByteString[]): boolean => names.includes(current);

/** Folders of a Maildir that no folder of mail can be in. `Archive` can, with Dovecot's LAYOUT=fs. */
const ofMaildir: readonly ByteString[] = [...messageFolders, temporary];

/** Names of messages that the backup says are in a folder; those that begin with a dot are none. */
export async function* messagesIn(
  base: Pick<Base, 'children'>,
  folder: Path,
  run: Run,
): AsyncGenerator<{ readonly below: ByteString; readonly name: ByteString }, void> {
  for (const below of messageFolders) {
    for await (const page of base.children([...folder, below], run)) {
      throwIfInterrupted(run);
      for (const { entry } of page) {
        if (entry.type === 'file' && !entry.name.startsWith('.')) yield { below, name: entry.name };
      }
    }
  }
}

const countMessages = async (base: Pick<Base, 'children'>, folder: Path, run: Run): Promise<number> => {
  let count = 0;
  for await (const _message of messagesIn(base, folder, run)) count++;
  return count;
};

const lookAtMaildir = async (
  base: Pick<Base, 'children'>,
  {
    component,
    path,
    names,
  }: { readonly component: string; readonly path: Path; readonly names: readonly ByteString[] },
  run: Run,
): Promise<{ readonly maildir: SurveyedMaildir; readonly messages: number }> => {
  const folders: ByteString[] = [inbox];
  for (const name of names) {
    if (!name.startsWith('.') || name.length < 2) continue;
    if (isMaildir(await directoriesIn(base, [...path, name], run))) folders.push(name);
  }
  let messages = 0;
  for (const folder of folders) messages += await countMessages(base, folderPath(path, folder), run);
  return { maildir: { component, path, folders }, messages };
};

/** All Maildirs of a component, by what the backup says. Reads no content. */
export const surveyMail = async (base: Pick<Base, 'children'>, component: string, run: Run): Promise<SurveyedMail> => {
  const maildirs: SurveyedMaildir[] = [];
  let messages = 0;
  let level: readonly Path[] = [[]];
  for (let depth = 0; depth <= deepest && level.length > 0; depth++) {
    const next: Path[] = [];
    for (const path of level) {
      throwIfInterrupted(run);
      const names = await directoriesIn(base, path, run);
      if (!isMaildir(names)) {
        next.push(...names.map((name) => [...path, name]));
        continue;
      }
      const within = names.filter((name) => !name.startsWith('.') && !ofMaildir.includes(name));
      next.push(...within.map((name) => [...path, name]));
      const looked = await lookAtMaildir(base, { component, path, names }, run);
      maildirs.push(looked.maildir);
      messages += looked.messages;
    }
    level = next;
  }
  return { maildirs, messages };
};

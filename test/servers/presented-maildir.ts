import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A message of a mirror, or of a Maildir that a snapshot gave back: what its name and its file say. */
export interface PresentedFile {
  /** Directory of its folder, `.Lists.dev`; empty for the inbox. */
  readonly folder: string;
  readonly uid: number;
  /** Flags and keywords. */
  readonly letters: string;
  /** Seconds since 1970. */
  readonly date: number;
  readonly sha256: string;
}

/** All messages below a Maildir++ whose names are ours, by folder and UID; one that is there twice is there twice. */
export const presentedFiles = (root: string): readonly PresentedFile[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .flatMap((path): PresentedFile[] => {
      const match = /^(.*?)\/?(?:cur|new)\/\d+\.(\d+)\.\w+\.mailkeep(?:,[SW]=\d+)*:2,(\w*)$/.exec(path);
      if (match === null) return [];
      const place = join(root, path);
      return [
        {
          folder: match[1] ?? '',
          uid: Number(match[2]),
          letters: match[3] ?? '',
          date: Math.floor(statSync(place).mtimeMs / 1000),
          sha256: createHash('sha256').update(readFileSync(place)).digest('hex'),
        },
      ];
    })
    .sort((left, right) => (left.folder < right.folder ? -1 : left.folder > right.folder ? 1 : left.uid - right.uid));

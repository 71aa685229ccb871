import { readFileSync } from 'node:fs';
import type { ByteString } from '../../model/byte-string.ts';
import { errnoCode } from '../../system/errno.ts';
import { nativePath } from '../../system/native-path.ts';
import { type CaptureContext, childFile } from '../files/capture-context.ts';
import { type DirectoryNames, readDirectoryNames } from '../files/directory-names.ts';
import { cacheRule, keywordsAreFull } from './folder-layout.ts';

/** The names of a Maildir folder without what the mail server makes again by itself, which is counted. */
export const withoutCaches = (context: CaptureContext, folder: ByteString, names: DirectoryNames): DirectoryNames => {
  const isCache = cacheRule({ directories: names.directories, keywordsAreFull: hasFullKeywords(folder, names) });
  const kept = names.names.filter((name) => !isCache(name));
  context.leftOut.mailCaches += names.names.length - kept.length;
  return { names: kept, directories: new Set([...names.directories].filter((name) => !isCache(name))) };
};

const hasFullKeywords = (folder: ByteString, { names }: DirectoryNames): boolean => {
  const file = names.find((name) => String(name) === 'dovecot-keywords');
  if (file === undefined) return false;
  try {
    return keywordsAreFull(readFileSync(nativePath(childFile(folder, file)), 'latin1'));
  } catch {
    // What it says is not known, so the index may be data. That it cannot be read is told when it is captured.
    return true;
  }
};

/** `tmp` itself is kept, since a folder without it is no Maildir; what lies in it is half written or forgotten. */
export const countTemporary = (context: CaptureContext, directory: ByteString): void => {
  try {
    context.leftOut.mailCaches += readDirectoryNames(directory).names.length;
  } catch (error) {
    // Only a number is missing then; a system that has no code for it is worth a failure.
    if (errnoCode(error) === undefined) throw error;
  }
};

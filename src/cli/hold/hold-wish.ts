import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { LoadedConfig } from '../../config/load-config.ts';
import { directoryOfFolder } from '../../mail/direct/folder-name.ts';
import { encodeModifiedUtf7 } from '../../mail/mailbox-name.ts';
import { displayText } from '../../model/byte-string.ts';
import { datedPlace, type DatedName, parseDatedFolder, parseDatedPlace } from '../../model/dated-name.ts';
import { Fault } from '../../model/fault.ts';
import { lowerAscii } from '../../model/folder-match.ts';
import type { HoldSubject } from '../../model/hold.ts';
import { noFilter, selectSnapshots } from '../../model/snapshot-selection.ts';
import type { Config } from '../../registry.ts';
import { serverNamed } from '../server/server-job.ts';
import type { HoldAddress, HoldPlace } from './hold-places.ts';

export interface HoldOptions {
  readonly mailbox?: string;
  readonly server?: string;
  readonly account?: string;
  readonly folder?: string;
}

/** What somebody wants to be held. */
export type HoldWish =
  /** Of one repository or disk, found when it is open. */
  | { readonly kind: 'snapshots'; readonly references: readonly string[] }
  | { readonly kind: 'days'; readonly names: readonly DatedName[] }
  /** Wherever it may be. */
  | { readonly kind: 'everywhere'; readonly subject: HoldSubject };

const usage = (message: string, hint: string): Fault => new Fault('usage', message, { hint });

const dayOf = (text: string): DatedName | undefined =>
  parseDatedPlace(text) ?? parseDatedFolder('daily', text) ?? parseDatedFolder('weekly', text);

type Account = Config['accounts'][string];

/** The paths of the snapshots of an account. */
const pathsOf = (name: string, account: Account | undefined): readonly string[] =>
  account?.store.kind === 'mirror' ? [resolve(account.store.folder)] : [`/imap/${name}`];

const foldersOf = (folder: string): readonly string[] => {
  const raw = encodeModifiedUtf7(folder);
  const direct = ['/', '.', undefined].map(
    (delimiter) => `/folders/${directoryOfFolder(raw, delimiter, () => createHash('sha256'))}`,
  );
  const mirrored = `.${displayText(raw).replaceAll('/', '.')}`;
  return [...new Set([...direct, mirrored])];
};

const accountSubject = (name: string, folder: string | undefined, config: Config | undefined): HoldSubject => {
  const known = Object.keys(config?.accounts ?? {});
  if (config !== undefined && !known.includes(name)) {
    throw usage(`there is no account ${name} in the configuration`, `There are: ${known.join(', ')}.`);
  }
  const paths = pathsOf(name, config?.accounts[name]);
  return { kind: 'account', name, paths, folders: folder === undefined ? [] : foldersOf(folder) };
};

/** A name that was misspelled holds nothing, and looks like a hold. */
const serverSubject = (name: string, loaded: LoadedConfig<Config> | undefined): HoldSubject => {
  if (loaded !== undefined) serverNamed(loaded, name);
  return { kind: 'server', name };
};

const mailboxSubject = (text: string, config: Config | undefined): HoldSubject => {
  if (text.includes('/')) return { kind: 'folder', path: text };
  if (!/^[^@]+@[^@]+$/.test(text)) {
    throw usage(
      `“${text}” is no mailbox`,
      'Give an address, or the path of a folder with a slash in it, such as /mail/vmail/example.com/alice.',
    );
  }
  const address = lowerAscii(text);
  const paths = Object.entries(config?.accounts ?? {}).flatMap(([name, account]) =>
    lowerAscii(account.user ?? '') === address ? pathsOf(name, account) : [],
  );
  return { kind: 'address', address, paths };
};

/** Fault `usage` unless exactly one thing is named. */
export const holdWish = (
  things: readonly string[],
  { mailbox, server, account, folder }: HoldOptions,
  loaded: LoadedConfig<Config> | undefined,
): HoldWish => {
  const days = things.flatMap((thing) => dayOf(thing) ?? []);
  const named = [things.length > 0, mailbox !== undefined, account !== undefined].filter(Boolean).length;
  const isDays = days.length > 0;
  if (named + (server !== undefined && !isDays ? 1 : 0) !== 1) {
    throw usage(
      'it must be said what is to be held, and one thing at a time',
      'Give snapshots or days, or one of --mailbox, --account, --server.',
    );
  }
  if (folder !== undefined && account === undefined) throw usage('--folder goes with --account', 'Leave it out.');
  if (isDays && days.length < things.length) {
    throw usage('days of a disk and snapshots are held one after the other', 'Add two holds.');
  }
  if (isDays) return { kind: 'days', names: days };
  if (things.length > 0) return { kind: 'snapshots', references: things };
  const subject: HoldSubject =
    mailbox !== undefined
      ? mailboxSubject(mailbox, loaded?.config)
      : account !== undefined
        ? accountSubject(account, folder, loaded?.config)
        : serverSubject(server ?? '', loaded);
  return { kind: 'everywhere', subject };
};

/** Those that are asked. Fault `usage` when it is not clear which. */
export const addressesFor = (
  wish: HoldWish,
  addresses: readonly HoldAddress[],
  { server }: HoldOptions,
): readonly HoldAddress[] => {
  if (wish.kind === 'everywhere') {
    const { subject } = wish;
    if (subject.kind !== 'server') return addresses;
    return addresses.filter((one) => one.kind === 'repository' || one.server === subject.name);
  }
  const kind = wish.kind === 'days' ? 'disk' : 'repository';
  const found = addresses.filter(
    (one) => one.kind === kind && (server === undefined || kind === 'repository' || one.server === server),
  );
  if (found.length === 1) return found;
  const names = found.map((one) => one.server ?? one.name).join(', ');
  throw kind === 'disk'
    ? usage(
        'it is not clear which disk is meant',
        found.length === 0 ? 'No server of the configuration has one.' : `Add --server: ${names}.`,
      )
    : usage('it is not clear which repository is meant', `Name it with -r: ${names}.`);
};

const started = (name: DatedName, { days }: HoldPlace): number => {
  const found = days.find((day) => datedPlace(day.name) === datedPlace(name));
  if (found !== undefined) return found.started;
  throw new Fault('snapshot-missing', `there is no backup ${datedPlace(name)}`, {
    hint: 'Look into the disk: daily/, weekly/.',
  });
};

/** The subject, once the place is open. Faults: `snapshot-missing`, `snapshot-ambiguous`. */
export const subjectIn = (wish: HoldWish, place: HoldPlace): HoldSubject => {
  switch (wish.kind) {
    case 'everywhere':
      return wish.subject;
    case 'days':
      return {
        kind: 'days',
        days: wish.names.map((name) => ({ place: datedPlace(name), started: started(name, place) })),
      };
    case 'snapshots': {
      const found = selectSnapshots(place.snapshots, wish.references, noFilter);
      return { kind: 'snapshots', ids: [...new Set(found.flatMap(({ id, originalId }) => [id, originalId]))] };
    }
  }
};

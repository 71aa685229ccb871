import { lookup } from 'node:dns/promises';
import { Fault } from '../../model/fault.ts';
import type { ImapAccount } from '../../protocol/imap/config.ts';
import { inspectCertificate } from '../../protocol/imap/inspect-certificate.ts';
import { tryAccount, type TriedAccount } from '../../protocol/imap/try-account.ts';
import { credentialsOf } from '../../registry.ts';
import { errnoCode } from '../../system/errno.ts';
import { accountParts } from '../account/named-account.ts';
import type { CommandContext } from '../context.ts';
import { failed, type Finding, type Tell } from './finding.ts';

const day = 86_400;
const certificateWarning = 14 * day;
/** Mail from the future by more than this shows that one of two clocks is wrong. */
const clockTolerance = 300_000_000_000n;

/** Tries everything of an account, step by step; what needs a step that failed is not tried. */
export const checkAccount = async (account: ImapAccount, context: CommandContext, tell: Tell): Promise<void> => {
  const { run } = context;
  const about = (check: Finding['check'], message: string): void =>
    tell({ state: 'ok', subject: account.name, check, message });
  const attempt = async <Result>(check: Finding['check'], work: () => Promise<Result>): Promise<Result | undefined> => {
    try {
      return await work();
    } catch (error) {
      tell(failed(account.name, check, error));
      return undefined;
    }
  };
  const credentials = await credentialsOf(account, accountParts(context));
  const secret = await attempt('secret', () => credentials(false, run));
  if (secret !== undefined) about('secret', context.messages.doctorSecret(secret.kind));
  const addresses = await attempt('dns', () => addressesOf(account.host));
  if (addresses === undefined) return;
  about('dns', context.messages.doctorDns(account.host, addresses.join(', ')));
  const hasCertificate = await attempt('certificate', () => checkCertificate(account, context, tell));
  if (secret === undefined || hasCertificate === undefined) return;
  const tried = await attempt('login', () => tryAccount(account, credentials, run));
  if (tried === undefined) return;
  about('login', context.messages.doctorLogin(account.user));
  tellCapabilities(account, tried, context, tell);
  tellFolders(account, tried, context, tell);
  tellClock(account, tried, context, tell);
};

const addressesOf = async (host: string): Promise<readonly string[]> => {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    const isUnknown = errnoCode(error) === 'ENOTFOUND';
    throw new Fault(
      'server-unavailable',
      isUnknown ? `there is no host ${host}` : `the name ${host} cannot be looked up at the moment`,
      { hint: isUnknown ? 'Look at the spelling of host.' : 'Look at the network of this machine.', cause: error },
    );
  }
};

const checkCertificate = async (account: ImapAccount, context: CommandContext, tell: Tell): Promise<true> => {
  const { messages, run } = context;
  const seen = await inspectCertificate(account, run);
  const common = { subject: account.name, check: 'certificate' } as const;
  if (seen === undefined) {
    tell({ ...common, state: 'warning', message: messages.doctorNoTls() });
    return true;
  }
  const now = Number(run.now() / 1_000_000_000n);
  const days = Math.floor((seen.validTo - now) / day);
  if (now >= seen.validTo || now < seen.validFrom) {
    const message = messages.doctorCertificateDates(dateOf(seen.validFrom), dateOf(seen.validTo));
    const isPinned = account.certificateFingerprint !== undefined;
    tell({ ...common, state: isPinned ? 'warning' : 'failed', message, hint: messages.doctorCertificateDatesHint() });
    return true;
  }
  const message = messages.doctorCertificate(seen.subject, seen.issuer, dateOf(seen.validTo));
  if (seen.validTo - now < certificateWarning) {
    tell({ ...common, state: 'warning', message, hint: messages.doctorCertificateSoon(days) });
  } else tell({ ...common, state: 'ok', message });
  return true;
};

const dateOf = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);

/** What makes nights quick and restores exact; nothing of it is needed. */
const useful = ['CONDSTORE', 'QRESYNC', 'LIST-STATUS', 'SPECIAL-USE', 'UIDPLUS', 'COMPRESS=DEFLATE', 'OBJECTID'];

const tellCapabilities = (
  { name }: ImapAccount,
  { capabilities }: TriedAccount,
  { messages }: CommandContext,
  tell: Tell,
): void => {
  const there = useful.filter((word) => capabilities.has(word));
  const missing = useful.filter((word) => !capabilities.has(word));
  const isGmail = capabilities.has('X-GM-EXT-1');
  const message = messages.doctorCapabilities([...there, ...(isGmail ? ['X-GM-EXT-1'] : [])], missing);
  tell({ state: 'ok', subject: name, check: 'capabilities', message });
};

const tellFolders = ({ name }: ImapAccount, tried: TriedAccount, { messages }: CommandContext, tell: Tell): void => {
  const common = { subject: name, check: 'folders' } as const;
  try {
    const { folders, messages: count, notices } = tried.wanted();
    for (const notice of notices) tell({ ...common, state: 'warning', message: notice });
    const message = messages.doctorFolders(folders.length, tried.folders.length, count);
    if (folders.length === 0) tell({ ...common, state: 'failed', message, hint: messages.doctorFoldersNone() });
    else tell({ ...common, state: 'ok', message });
  } catch (error) {
    tell(failed(name, 'folders', error));
  }
};

const tellClock = (
  { name }: ImapAccount,
  { newest }: TriedAccount,
  { messages, run }: CommandContext,
  tell: Tell,
): void => {
  if (newest === undefined) return;
  const ahead = newest - run.now();
  const common = { subject: name, check: 'clock' } as const;
  if (ahead <= clockTolerance) tell({ ...common, state: 'ok', message: messages.doctorClock() });
  else {
    const minutes = Number(ahead / 60_000_000_000n);
    tell({
      ...common,
      state: 'warning',
      message: messages.doctorClockBehind(minutes),
      hint: messages.doctorClockHint(),
    });
  }
};

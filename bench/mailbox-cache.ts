import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateMailbox } from './generate-mailbox.ts';
import type { MailboxKind, MailboxOptions } from './mailbox/plan.ts';

export interface MailboxWish {
  readonly kind: MailboxKind;
  readonly messages: number;
  /** Default: one for 500 messages, or for 1,000 if they are tiny. */
  readonly folders?: number;
}

/** To be raised when the generator writes other bytes than before. */
const generatorVersion = 1;
const seed = 1;

/** Scanners must not trust a directory that changed within the last two seconds; real mailboxes are older than that. */
export const settlingMilliseconds = 3000;

/** The options that all mailboxes of the bench are made with. */
export function optionsOf({ kind, messages, folders: wanted }: MailboxWish, base: string): MailboxOptions {
  const folders = wanted ?? Math.max(1, Math.round(messages / (kind === 'tiny' ? 1000 : 500)));
  const directory = join(base, 'mailbox', `${kind}-${messages}-${folders}-${seed}-v${generatorVersion}`);
  return { directory, kind, messages, folders, seed, bytes: messages * (kind === 'tiny' ? 2_000 : 30_000) };
}

/** Makes the mailbox unless an earlier run left it whole and unchanged. */
export async function ensureMailbox(options: MailboxOptions): Promise<void> {
  const marker = markerOf(options);
  if (existsSync(marker)) return;
  rmSync(options.directory, { recursive: true, force: true });
  mkdirSync(dirname(options.directory), { recursive: true, mode: 0o700 });
  const summary = await generateMailbox(options);
  await sleep(settlingMilliseconds);
  writeFileSync(marker, `${JSON.stringify(summary)}\n`);
}

/** A mailbox that is about to be changed is no longer what its name says. */
export function forgetMailbox(options: MailboxOptions): void {
  rmSync(markerOf(options), { force: true });
}

/** Mailboxes that were changed or never finished. */
export function changedMailboxes(base: string): string[] {
  const folder = join(base, 'mailbox');
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder);
  return names
    .filter((name) => !name.endsWith('.json') && !names.includes(`${name}.json`))
    .map((name) => join(folder, name));
}

/** What the generator said about it, as JSON. */
export function mailboxSummary(options: MailboxOptions): string {
  return readFileSync(markerOf(options), 'utf8').trim();
}

function markerOf(options: MailboxOptions): string {
  return `${options.directory}.json`;
}

import { z } from 'zod';

/** One way to tell of runs, as an implementation reads it. */
export interface TellsOfRuns {
  readonly name?: string | undefined;
  readonly way: { readonly kind: string };
  /** Whose login it uses. */
  readonly account?: string | undefined;
}

/** No two may have the same name. */
const refuseRepeatedNames = (
  entries: readonly Pick<TellsOfRuns, 'name'>[],
  context: Pick<z.RefinementCtx, 'addIssue'>,
): void => {
  const names = entries.map(({ name }) => name);
  const at = names.findIndex((name, index) => name !== undefined && names.indexOf(name) < index);
  if (at < 0) return;
  context.addIssue({ code: 'custom', path: [at, 'name'], message: 'is the name of another notification, too' });
};

/** `notifications:`. */
export const notificationList = <Entry extends z.ZodType<TellsOfRuns>>(entry: Entry) =>
  z
    .array(entry)
    .superRefine(refuseRepeatedNames)
    .default([])
    .meta({
      description: 'Who is told of runs, and how.',
      sample: [{ mail: { to: ['me@example.com'] }, when: 'always' }],
    });

/** Whose login is used must be there. */
export const refuseUnknownLogins = (
  {
    accounts,
    notifications,
  }: { readonly accounts: object; readonly notifications: readonly Pick<TellsOfRuns, 'account'>[] },
  context: Pick<z.RefinementCtx, 'addIssue'>,
): void => {
  for (const [at, { account }] of notifications.entries()) {
    if (account === undefined || Object.hasOwn(accounts, account.split('/', 1)[0] ?? '')) continue;
    const message = `logs in as ${account}, which is the name of no account`;
    context.addIssue({ code: 'custom', path: ['notifications', at], message });
  }
};

/** Gives a name to what has none: its kind, from the second of a kind on with a number. */
export const withNames = <Entry extends TellsOfRuns>(
  entries: readonly Entry[],
): (Entry & { readonly name: string })[] => {
  const taken = new Set(entries.map(({ name }) => name));
  return entries.map((entry) => {
    let name = entry.name ?? entry.way.kind;
    for (let number = 2; entry.name === undefined && taken.has(name); number++) name = `${entry.way.kind}-${number}`;
    taken.add(name);
    return { ...entry, name };
  });
};

import { Fault } from './fault.ts';

/** A component as a request to restore it sees it. */
export interface Restorable {
  readonly name: string;
  readonly form: 'tree' | 'archive' | 'dump';
}

/** The order of design 9.2: what services need to come up, then what they serve; databases once they are up. */
const first: readonly string[] = ['config', 'mail', 'ssl', 'dkim'];

const rank = ({ name, form }: Restorable): number => {
  if (form === 'dump') return first.length + 1;
  const at = first.indexOf(name);
  return at < 0 ? first.length : at;
};

/**
 * The components that `config,mail` or `all` means, in the order in which they are restored; equal ones as the backup has them. Fault
 * `usage` for one that is not in the backup.
 */
export const restoreOrder = <Stored extends Restorable>(
  stored: readonly Stored[],
  wanted: readonly string[],
): readonly Stored[] => {
  const names = wanted.flatMap((list) => list.split(',')).map((name) => name.trim());
  const missing = names.filter((name) => name !== 'all' && !stored.some((one) => one.name === name));
  if (names.length === 0 || missing.length > 0) {
    const known = stored.map(({ name }) => name).join(', ');
    throw new Fault('usage', `the backup has no component ${missing.map((name) => `“${name}”`).join(', ')}`, {
      hint: `It has: ${known}. all means each of them.`,
    });
  }
  const isWanted = ({ name }: Stored): boolean => names.includes('all') || names.includes(name);
  return stored.filter(isWanted).toSorted((left, right) => rank(left) - rank(right));
};

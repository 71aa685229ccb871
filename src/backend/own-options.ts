import { Fault } from '../model/fault.ts';

/** What a person has set of one backend's options (`-o sftp.connections=8`), by the names without the scheme. */
export interface OwnOptions {
  text(name: string): string | undefined;
  /** A whole number from 1 to `most`. */
  count(name: string, most: number): number | undefined;
}

/** The options of a scheme. Fault `usage` for one that is not known. */
export const ownOptions = (
  options: Readonly<Record<string, string>>,
  scheme: string,
  known: readonly string[],
): OwnOptions => {
  const own = new Map<string, string>();
  for (const [name, value] of Object.entries(options)) {
    if (!name.startsWith(`${scheme}.`)) continue;
    const key = name.slice(scheme.length + 1);
    if (!known.includes(key)) {
      const all = known.map((each) => `${scheme}.${each}`).join(', ');
      throw new Fault('usage', `the option ${name} is not known`, { hint: `There are: ${all}.` });
    }
    own.set(key, value);
  }
  return {
    text: (name) => own.get(name),
    count: (name, most) => {
      const value = own.get(name);
      if (value === undefined) return undefined;
      const number = /^\d+$/.test(value) ? Number(value) : 0;
      if (number >= 1 && number <= most) return number;
      throw new Fault('usage', `the option ${scheme}.${name} cannot be "${value}"`, {
        hint: `It must be a number from 1 to ${most}.`,
      });
    },
  };
};

import type { SieveOutcome } from '../../../contract/drill.ts';
import type { Run } from '../../../contract/run.ts';
import type { ProgramSite } from '../../../system/program-site.ts';

export interface SieveCall {
  readonly file: string;
  readonly output: string;
  /** Where its program is. */
  readonly site: ProgramSite;
}

/** Its first complaint, without where the file lies here. */
const firstComplaint = (said: string): string =>
  (said.split('\n').find((line) => /error/i.test(line)) ?? said)
    .replace(/^sievec\([^)]*\):\s*(?:Error:\s*)?/, '')
    .trim()
    .slice(0, 300);

/** Compiles a filter with Pigeonhole's own program, and nothing of the live configuration. Undefined: it is not installed. */
export const compileSieve = async ({ file, output, site }: SieveCall, run: Run): Promise<SieveOutcome | undefined> => {
  const parameters = ['-c', '/dev/null', file, output];
  const ended = await site.run({ program: 'sievec', parameters }, run.signal);
  if (ended === undefined) return undefined;
  if (ended.code === 0) return { kind: 'compiled' };
  const said = firstComplaint(`${ended.stdout}${ended.stderr}`);
  // Extensions of the live server, such as vnd.dovecot.pipe, are set up in its own configuration.
  return { kind: /unknown sieve capability|unknown extension/i.test(said) ? 'unknown' : 'refused', said };
};

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { asFault, Fault, isFault } from '../../model/fault.ts';
import { writeDurably } from '../../system/durable-file.ts';
import type { Messages } from '../catalogue/english.ts';
import type { CommandContext } from '../context.ts';
import { checkFileSystem, checkSmart, type DiskFinding } from './check-disk-health.ts';

/** Milliseconds: how often a disk is asked that was well (requirement B14). One that was not is asked every night. */
const askedEvery = 30 * 86_400_000;

const asked = z.record(
  z.string(),
  z.object({
    time: z.number(),
    isWell: z.boolean(),
    /** Whether any disk has said something of itself. */
    isKnown: z.boolean().optional(),
    /** What it said that is not well. */
    troubles: z.array(z.string()).optional(),
  }),
);
type Asked = z.output<typeof asked>;

/** What the disk of a server has said when it was asked last; undefined: it never was. */
export const lastDiskHealth = async (server: string, context: CommandContext): Promise<Asked[string] | undefined> =>
  (await readAsked(context))[server];

const fileOf = ({ environment }: CommandContext): string => join(environment.stateDirectory, 'disk-health.json');

/** Losing it makes the next night ask. */
const readAsked = async (context: CommandContext): Promise<Asked> => {
  try {
    return asked.parse(JSON.parse(await readFile(fileOf(context), 'utf8')));
  } catch {
    return {};
  }
};

const smartAtNight = async (server: string, path: string, context: CommandContext): Promise<readonly DiskFinding[]> => {
  const { run, messages } = context;
  const now = Number(run.now() / 1_000_000n);
  const known = await readAsked(context);
  const last = known[server];
  if (last?.isWell === true && last.time <= now && now - last.time < askedEvery) return [];
  const findings = await checkSmart(path, messages, run);
  const bad = findings.filter(({ state, isKnown }) => isKnown && state !== 'ok');
  const answer = {
    time: now,
    isWell: bad.length === 0,
    isKnown: findings.some(({ isKnown }) => isKnown),
    troubles: bad.map(({ message }) => message),
  };
  await writeDurably(fileOf(context), `${JSON.stringify({ ...known, [server]: answer })}\n`);
  return findings;
};

const faultOf = ({ message, hint }: DiskFinding, messages: Messages): Fault =>
  new Fault('io-failed', messages.diskAils(message), hint === undefined ? {} : { hint });

export interface NightHealth {
  /** The disk is to be replaced, or its file system to be mended. */
  readonly fault: Fault | undefined;
  readonly warnings: readonly string[];
}

/** How the disk of a server is, as far as it says so itself; that it says nothing is for `health` and `doctor` to tell. Fault `interrupted`. */
export const healthAtNight = async (server: string, path: string, context: CommandContext): Promise<NightHealth> => {
  const { run, messages } = context;
  try {
    const findings = [...(await smartAtNight(server, path, context)), ...(await checkFileSystem(path, messages, run))];
    const bad = findings.filter(({ isKnown, state }) => isKnown && state !== 'ok');
    for (const { state, message } of bad) {
      run.emit({ kind: 'log', level: state === 'failed' ? 'ERROR' : 'WARNING', component: 'DISK', message });
    }
    const [grave] = bad.filter(({ state }) => state === 'failed');
    return {
      warnings: bad.filter((one) => one !== grave).map(({ message }) => message),
      fault: grave === undefined ? undefined : faultOf(grave, messages),
    };
  } catch (error) {
    if (isFault(error, 'interrupted')) throw error;
    return { fault: undefined, warnings: [asFault(error).message] };
  }
};

import type { SmartLook } from '../../model/smart-judgement.ts';
import { runProgram } from '../../system/run-program.ts';
import { parseSmart, type SmartOutput } from './smart-output.ts';

/** What is known of a device by smartctl. */
export type SmartAnswer =
  | { readonly kind: 'known'; readonly device: string; readonly look: SmartLook }
  /** smartmontools is not there. */
  | { readonly kind: 'not-installed' }
  | { readonly kind: 'no-rights'; readonly device: string }
  /** A virtual disk, a card, or a USB bridge that passes nothing on. */
  | { readonly kind: 'no-smart'; readonly device: string; readonly message: string }
  | { readonly kind: 'usb-bridge'; readonly device: string; readonly message: string }
  | { readonly kind: 'unreadable'; readonly device: string; readonly message: string };

/** An ordinary user has no sbin in the path. */
const usualPlaces = ['/usr/sbin/smartctl', '/usr/local/sbin/smartctl', '/sbin/smartctl'];
/** Health, attributes, what it is, and the log of self-tests. */
const parameters = ['--json=c', '-i', '-H', '-A', '-l', 'selftest'];
/** The device could not be opened, or a command to it failed (smartctl(8), "EXIT STATUS"). */
const notAnswered = 2 | 4;

interface Asking {
  readonly device: string;
  readonly places: readonly string[];
  readonly signal: AbortSignal;
}

const ask = async (
  { device, places, signal }: Asking,
  more: readonly string[],
): Promise<SmartOutput | 'absent' | 'odd'> => {
  for (const program of places) {
    const said = await runProgram({ program, parameters: [...parameters, ...more, device], environment: {}, signal });
    if (said !== undefined) return parseSmart(Buffer.from(said.stdout, 'latin1').toString('utf8')) ?? 'odd';
  }
  return 'absent';
};

const bridge = /unknown usb bridge|specify device type with the -d option|unable to detect device type/i;
const rights = /permission denied|operation not permitted/i;

const first = ({ messages }: SmartOutput): string => messages[0] ?? '';

/** Asks smartctl for a whole disk, `sda`. Faults `interrupted`, `io-failed` when the program cannot be started. */
export const askSmart = async (
  name: string,
  signal: AbortSignal,
  places: readonly string[] = usualPlaces,
): Promise<SmartAnswer> => {
  const device = `/dev/${name}`;
  const asking = { device, places, signal };
  const said = await ask(asking, []);
  if (said === 'absent') return { kind: 'not-installed' };
  if (said === 'odd') return { kind: 'unreadable', device, message: '' };
  if (said.look !== undefined) return { kind: 'known', device, look: said.look };
  if (said.messages.some((message) => rights.test(message))) return { kind: 'no-rights', device };
  if (!said.messages.some((message) => bridge.test(message))) {
    const kind = (said.exitStatus & notAnswered) !== 0 ? 'unreadable' : 'no-smart';
    return { kind, device, message: first(said) };
  }
  // Most bridges speak SAT, also those that smartctl does not know.
  const again = await ask(asking, ['-d', 'sat']);
  if (again !== 'absent' && again !== 'odd' && again.look !== undefined)
    return { kind: 'known', device, look: again.look };
  const isUsb = said.messages.some((message) => /usb/i.test(message));
  return { kind: isUsb ? 'usb-bridge' : 'no-smart', device, message: first(said) };
};

import type { Run } from '../../contract/run.ts';
import { isGrave, smartTroubles } from '../../model/smart-judgement.ts';
import { askSmart, type SmartAnswer } from '../../protocol/disk-health/ask-smart.ts';
import { blockDeviceOf, disksBelow } from '../../protocol/disk-health/devices-below.ts';
import { fileSystemErrors } from '../../protocol/disk-health/file-system-errors.ts';
import { mountAt, uuidOf } from '../../system/mounted-disk.ts';
import type { Messages } from '../catalogue/english.ts';
import type { Finding } from '../doctor/finding.ts';

/** A finding without whom it is about. `isKnown`: the disk itself has said so. */
export interface DiskFinding extends Omit<Finding, 'subject'> {
  readonly isKnown: boolean;
}

const unknown = (message: string, hint?: string): DiskFinding => ({
  check: 'smart',
  isKnown: false,
  message,
  ...(hint === undefined ? { state: 'ok' } : { state: 'warning', hint }),
});

const findingOf = (answer: SmartAnswer, messages: Messages): DiskFinding => {
  switch (answer.kind) {
    case 'not-installed':
      return unknown(messages.smartNotInstalled(), messages.smartNotInstalledHint());
    case 'no-rights':
      return unknown(messages.smartNoRights(answer.device), messages.smartNoRightsHint());
    case 'usb-bridge':
      return unknown(messages.smartBridge(answer.device), messages.smartBridgeHint());
    case 'no-smart':
      return unknown(messages.smartNone(answer.device));
    case 'unreadable':
      return { ...unknown(messages.smartUnreadable(answer.device, answer.message)), state: 'warning' };
    case 'known': {
      const { model, celsius, hours } = answer.look;
      const troubles = smartTroubles(answer.look);
      const common = { check: 'smart', isKnown: true } as const;
      if (troubles.length === 0) {
        return { ...common, state: 'ok', message: messages.smartGood(answer.device, model, celsius, hours) };
      }
      const message = messages.smartTroubles(answer.device, model, troubles);
      return troubles.some(isGrave)
        ? { ...common, state: 'failed', message, hint: messages.smartGraveHint() }
        : { ...common, state: 'warning', message };
    }
  }
};

/** What the disks below a folder say of themselves. */
export const checkSmart = async (path: string, messages: Messages, run: Run): Promise<readonly DiskFinding[]> => {
  const mount = await mountAt(path);
  const device = mount === undefined ? undefined : await blockDeviceOf(mount);
  const disks = device === undefined ? [] : await disksBelow(device);
  if (disks.length === 0) return [unknown(messages.smartNoDevice())];
  const findings: DiskFinding[] = [];
  for (const disk of disks) {
    const answer = await askSmart(disk, run.signal);
    findings.push(findingOf(answer, messages));
    if (answer.kind === 'not-installed') break;
  }
  return findings;
};

/** What errors the file system of a folder has met; nothing where it does not count. */
export const checkFileSystem = async (path: string, messages: Messages, run: Run): Promise<readonly DiskFinding[]> => {
  const mount = await mountAt(path);
  if (mount === undefined) return [];
  const errors = await fileSystemErrors(mount, await uuidOf(mount, run.signal));
  if (errors === undefined) return [];
  const common = { check: 'file-system', isKnown: true } as const;
  return errors === 0
    ? [{ ...common, state: 'ok', message: messages.fileSystemGood(path) }]
    : [
        {
          ...common,
          state: 'failed',
          message: messages.fileSystemErrors(path, errors),
          hint: messages.fileSystemErrorsHint(),
        },
      ];
};

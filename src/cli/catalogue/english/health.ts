import type { SmartTrouble } from '../../../model/smart-judgement.ts';
import { plural } from './plural.ts';

const sectors = {
  reallocated: 'were bad and given others',
  pending: 'cannot be read for now',
  uncorrectable: 'could not be corrected',
} as const;

const warnings = {
  spare: 'its spare is used up',
  temperature: 'it is too hot or too cold',
  reliability: 'it is no longer reliable',
  'read-only': 'it can only be read',
  backup: 'its own backup of memory has failed',
  'memory-region': 'its persistent memory is unreliable',
} as const;

const troubleText = (trouble: SmartTrouble): string => {
  switch (trouble.kind) {
    case 'failing':
      return 'it says itself that it is about to fail';
    case 'sectors':
      return `${plural(trouble.count, 'sector', 'sectors')} ${sectors[trouble.what]}`;
    case 'attribute':
      return `${trouble.name} is below what the maker allows`;
    case 'nvme-warning':
      return `it warns: ${trouble.what.map((what) => warnings[what]).join(', ')}`;
    case 'worn':
      return `${trouble.percent} % of its life is used`;
    case 'spare':
      return `${trouble.percent} % of its spare is left, and ${trouble.threshold} % is the least`;
    case 'media-errors':
      return `${plural(trouble.count, 'error', 'errors')} of its medium`;
    case 'hot':
      return `it has ${trouble.celsius} °C`;
    case 'self-test':
      return `its last self-test failed: ${trouble.result}`;
  }
};

/** Of `health`, and of the disk in `doctor`, `status` and at night. */
export const healthMessages = {
  smartGood: (device: string, model: string, celsius: number | undefined, hours: number | undefined): string =>
    `${device}${model === '' ? '' : ` (${model})`} knows of no trouble${celsius === undefined ? '' : `, ${celsius} °C`}${
      hours === undefined ? '' : `, ${plural(hours, 'hour', 'hours')} at work`
    }`,
  smartTroubles: (device: string, model: string, troubles: readonly SmartTrouble[]): string =>
    `${device}${model === '' ? '' : ` (${model})`}: ${troubles.map(troubleText).join('; ')}`,
  smartGraveHint: (): string => 'Copy what is on it to another disk now, and replace it.',
  smartNotInstalled: (): string => 'how the disk itself is cannot be told: smartctl is not installed',
  smartNotInstalledHint: (): string => 'Install smartmontools.',
  smartNoRights: (device: string): string => `how ${device} is cannot be told: only root may ask it`,
  smartNoRightsHint: (): string => 'Run this as root, or let the timer run as root.',
  smartNone: (device: string): string => `${device} says nothing of its health (a virtual disk, a card)`,
  smartBridge: (device: string): string =>
    `${device} is behind a USB bridge that does not pass on how it is, also with -d sat`,
  smartBridgeHint: (): string => 'Look for the bridge in smartctl(8), or test the disk in another case.',
  smartUnreadable: (device: string, message: string): string =>
    `${device} did not answer smartctl${message === '' ? '' : `: ${message}`}`,
  smartAskedWell: (when: string): string => `its disk was asked on ${when} and is well (SMART)`,
  smartAskedNothing: (when: string): string =>
    `its disk was asked on ${when} and has said nothing of itself (SMART): mailkeep health`,
  smartNoDevice: (): string => 'there is no disk below it that could be asked (a network, memory)',
  fileSystemErrors: (path: string, errors: number): string =>
    `the file system of ${path} has counted ${plural(errors, 'error', 'errors')}`,
  fileSystemErrorsHint: (): string => 'Unmount it and check it: e2fsck -f, or btrfs scrub and btrfs device stats.',
  fileSystemGood: (path: string): string => `the file system of ${path} has met no error`,
  diskAils: (sentence: string): string => `the backup is good, but its disk is not: ${sentence}`,
  healthNoServer: (): string =>
    'there is no server in the configuration; docs/mail-server.md tells how to describe one',
};

import { plural } from './plural.ts';

type Step = 'verify' | 'forget' | 'prune' | 'hold' | 'copy';

const labels: Readonly<Record<Step, string>> = {
  verify: '  verified: ',
  forget: '  forgot:   ',
  prune: '  pruned:   ',
  hold: '  held:     ',
  copy: '  copied:   ',
};

const snapshots = (count: number): string => plural(count, 'snapshot', 'snapshots');

/** Of `run` and `maintain`: what is done in repositories. */
export const upkeepMessages = {
  upkeepVerified: (packs: number, bytes: string): string =>
    `${labels.verify}${plural(packs, 'pack', 'packs')} read back, ${bytes}; all is whole`,
  upkeepForgotten: (removed: number, kept: number, frozen: number): string =>
    `${labels.forget}${snapshots(removed)}; ${kept.toLocaleString('en')} stay${frozen === 0 ? '' : `, ${frozen.toLocaleString('en')} of them because of the brake`}`,
  upkeepPruned: (bytes: string): string => `${labels.prune}${bytes} given back`,
  upkeepHeld: (extended: number, held: number): string =>
    `${labels.hold}the time of ${plural(extended, 'object', 'objects')} was extended; ${held.toLocaleString('en')} were held for long enough`,
  upkeepCopied: (to: string, count: number, bytes: string): string =>
    `${labels.copy}${snapshots(count)} to ${to}${count === 0 ? '' : `, ${bytes}`}`,
  upkeepIncomplete: (reason: string): string => `            BUT: ${reason}`,
  upkeepSkipped: (step: Step, reason: string): string => `${labels[step]}left out: ${reason}`,
  upkeepFailed: (step: Step, sentence: string): string => `${labels[step]}FAILED: ${sentence}`,

  maintainNothing: (): string => 'there is no repository in the configuration',
  planVerify: (parts: number): string =>
    parts === 1 ? '  would verify: everything' : `  would verify: what is new, and one of ${parts} parts of the rest`,
  planForget: (count: number): string => `  would forget: ${snapshots(count)}`,
  planPrune: (): string => '  would prune:',
  planHold: (until: string): string => `  would hold:   everything until ${until}`,
  planCopy: (to: string, count: number): string => `  would copy:   ${snapshots(count)} to ${to}`,
  planLeft: (): string => '  append-only: run leaves forget and prune to maintain',
};

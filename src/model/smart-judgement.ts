/** What smartctl says of a device, as far as it is looked at. */
export interface SmartLook {
  readonly model: string;
  readonly serial: string;
  /** Undefined: it does not say. */
  readonly passed: boolean | undefined;
  /** Bits of the exit status (smartctl(8), "EXIT STATUS"). */
  readonly exitStatus: number;
  /** Raw values of ATA attributes by their numbers. */
  readonly attributes: ReadonlyMap<number, SmartAttribute>;
  readonly nvme: NvmeHealth | undefined;
  readonly celsius: number | undefined;
  readonly hours: number | undefined;
  /** It has disks that turn; undefined: not known. */
  readonly isRotating: boolean | undefined;
  /** Of the newest self-test: what came of it, when it did not pass. */
  readonly failedSelfTest: string | undefined;
}

export interface SmartAttribute {
  readonly name: string;
  readonly raw: number;
  readonly isFailing: boolean;
}

export interface NvmeHealth {
  /** Bits of NVM Express Base Specification, "SMART / Health Information". */
  readonly criticalWarning: number;
  readonly percentageUsed: number;
  readonly availableSpare: number;
  readonly spareThreshold: number;
  readonly mediaErrors: number;
}

export type SmartTrouble =
  /** The device itself says that it is about to fail. */
  | { readonly kind: 'failing' }
  | { readonly kind: 'sectors'; readonly what: 'reallocated' | 'pending' | 'uncorrectable'; readonly count: number }
  | { readonly kind: 'attribute'; readonly name: string }
  | { readonly kind: 'nvme-warning'; readonly what: readonly NvmeWarning[] }
  | { readonly kind: 'worn'; readonly percent: number }
  | { readonly kind: 'spare'; readonly percent: number; readonly threshold: number }
  | { readonly kind: 'media-errors'; readonly count: number }
  | { readonly kind: 'hot'; readonly celsius: number }
  | { readonly kind: 'self-test'; readonly result: string };

export type NvmeWarning = 'spare' | 'temperature' | 'reliability' | 'read-only' | 'backup' | 'memory-region';

const nvmeWarnings: readonly NvmeWarning[] = [
  'spare',
  'temperature',
  'reliability',
  'read-only',
  'backup',
  'memory-region',
];

/** "DISK FAILING", and a prefailure attribute below its threshold. */
const exitBits = { failing: 8, attribute: 16 } as const;

const sectorAttributes = [
  { number: 5, what: 'reallocated' },
  { number: 197, what: 'pending' },
  { number: 198, what: 'uncorrectable' },
] as const;

const worn = 90;
const hot = { rotating: 55, solid: 70 } as const;

/** What is wrong with a device, the gravest first; none: nothing that it knows of. */
export const smartTroubles = (look: SmartLook): readonly SmartTrouble[] => {
  const { passed, exitStatus, attributes, nvme, celsius, isRotating, failedSelfTest } = look;
  const troubles: SmartTrouble[] = [];
  if (passed === false || (exitStatus & exitBits.failing) !== 0) troubles.push({ kind: 'failing' });
  if (nvme !== undefined) troubles.push(...nvmeTroubles(nvme));
  for (const { number, what } of sectorAttributes) {
    const count = attributes.get(number)?.raw ?? 0;
    if (count > 0) troubles.push({ kind: 'sectors', what, count });
  }
  for (const { name, isFailing } of attributes.values()) if (isFailing) troubles.push({ kind: 'attribute', name });
  if (failedSelfTest !== undefined) troubles.push({ kind: 'self-test', result: failedSelfTest });
  const most = isRotating === true ? hot.rotating : hot.solid;
  if (celsius !== undefined && celsius > most) troubles.push({ kind: 'hot', celsius });
  return troubles;
};

const nvmeTroubles = (nvme: NvmeHealth): readonly SmartTrouble[] => {
  const { criticalWarning, percentageUsed, availableSpare, spareThreshold, mediaErrors } = nvme;
  const what = nvmeWarnings.filter((_, bit) => (criticalWarning & (1 << bit)) !== 0);
  return [
    ...(what.length > 0 ? [{ kind: 'nvme-warning', what } as const] : []),
    ...(availableSpare < spareThreshold
      ? [{ kind: 'spare', percent: availableSpare, threshold: spareThreshold } as const]
      : []),
    ...(mediaErrors > 0 ? [{ kind: 'media-errors', count: mediaErrors } as const] : []),
    ...(percentageUsed >= worn ? [{ kind: 'worn', percent: percentageUsed } as const] : []),
  ];
};

/** Whether a device is to be replaced now; what is left is worth an eye. */
export const isGrave = (trouble: SmartTrouble): boolean => {
  switch (trouble.kind) {
    case 'failing':
    case 'attribute':
    case 'spare':
    case 'self-test':
      return true;
    case 'sectors':
      // Sectors that were given others in time are lost to nobody.
      return trouble.what !== 'reallocated';
    case 'nvme-warning':
      return trouble.what.some((what) => what !== 'temperature');
    case 'media-errors':
    case 'worn':
    case 'hot':
      return false;
  }
};

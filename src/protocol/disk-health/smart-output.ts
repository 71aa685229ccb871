import { z } from 'zod';
import type { SmartAttribute, SmartLook } from '../../model/smart-judgement.ts';

/* smartctl's --json, format 1.0 (smartmontools 7; smartctl(8), ataprint.cpp and nvmeprint.cpp). What is not there is absent. */

const attribute = z.object({
  id: z.number(),
  name: z.string(),
  when_failed: z.string().default(''),
  raw: z.object({ value: z.number() }),
});

const selfTest = z.object({
  status: z.object({ string: z.string(), passed: z.boolean().exactOptional() }),
});

const nvmeHealth = z.object({
  critical_warning: z.number().default(0),
  percentage_used: z.number().default(0),
  available_spare: z.number().default(100),
  available_spare_threshold: z.number().default(0),
  media_errors: z.number().default(0),
});

const nvmeSelfTest = z.object({ self_test_result: z.object({ value: z.number(), string: z.string() }) });

const output = z.object({
  smartctl: z.object({
    exit_status: z.number(),
    messages: z.array(z.object({ string: z.string(), severity: z.string() })).default([]),
  }),
  model_name: z.string().default(''),
  serial_number: z.string().default(''),
  rotation_rate: z.number().exactOptional(),
  smart_support: z.object({ available: z.boolean(), enabled: z.boolean().default(false) }).exactOptional(),
  smart_status: z.object({ passed: z.boolean() }).exactOptional(),
  ata_smart_attributes: z.object({ table: z.array(attribute) }).exactOptional(),
  ata_smart_self_test_log: z
    .object({ standard: z.object({ table: z.array(selfTest).default([]) }).exactOptional() })
    .exactOptional(),
  nvme_smart_health_information_log: nvmeHealth.exactOptional(),
  nvme_self_test_log: z.object({ table: z.array(nvmeSelfTest).default([]) }).exactOptional(),
  temperature: z.object({ current: z.number() }).exactOptional(),
  power_on_time: z.object({ hours: z.number() }).exactOptional(),
});

type Output = z.output<typeof output>;

export interface SmartOutput {
  /** What it had to say besides, and why it could not. */
  readonly messages: readonly string[];
  readonly exitStatus: number;
  /** Whether the device says anything at all. */
  readonly look: SmartLook | undefined;
}

/** Undefined: this is not what smartctl writes. */
export const parseSmart = (text: string): SmartOutput | undefined => {
  const parsed = output.safeParse(jsonOf(text)).data;
  if (parsed === undefined) return undefined;
  const { smartctl } = parsed;
  return {
    messages: smartctl.messages.map(({ string }) => string),
    exitStatus: smartctl.exit_status,
    look: hasHealth(parsed) ? lookOf(parsed) : undefined,
  };
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const hasHealth = ({
  smart_status: status,
  ata_smart_attributes: ata,
  nvme_smart_health_information_log: nvme,
}: Output) => status !== undefined || ata !== undefined || nvme !== undefined;

const lookOf = (parsed: Output): SmartLook => {
  const nvme = parsed.nvme_smart_health_information_log;
  return {
    model: parsed.model_name,
    serial: parsed.serial_number,
    passed: parsed.smart_status?.passed,
    exitStatus: parsed.smartctl.exit_status,
    attributes: attributesOf(parsed),
    nvme:
      nvme === undefined
        ? undefined
        : {
            criticalWarning: nvme.critical_warning,
            percentageUsed: nvme.percentage_used,
            availableSpare: nvme.available_spare,
            spareThreshold: nvme.available_spare_threshold,
            mediaErrors: nvme.media_errors,
          },
    celsius: parsed.temperature?.current,
    hours: parsed.power_on_time?.hours,
    isRotating: parsed.rotation_rate === undefined ? undefined : parsed.rotation_rate > 0,
    failedSelfTest: failedSelfTestOf(parsed),
  };
};

const attributesOf = ({ ata_smart_attributes: ata }: Output): ReadonlyMap<number, SmartAttribute> =>
  new Map(
    (ata?.table ?? []).map(({ id, name, when_failed: failed, raw }) => [
      id,
      { name, raw: raw.value, isFailing: failed === 'now' },
    ]),
  );

/** Of NVMe 0 is no error, 1 and 2 were aborted, 5 to 8 failed, 15 is none at all. */
const nvmeFailures: ReadonlySet<number> = new Set([5, 6, 7]);

const failedSelfTestOf = ({ ata_smart_self_test_log: ata, nvme_self_test_log: nvme }: Output): string | undefined => {
  const newest = ata?.standard?.table[0]?.status;
  // One that was aborted or is under way says nothing; those have no `passed`, or are told by their words.
  if (newest?.passed === false && !/abort|interrupt|progress/i.test(newest.string)) return newest.string;
  const newestNvme = nvme?.table[0]?.self_test_result;
  return newestNvme !== undefined && nvmeFailures.has(newestNvme.value) ? newestNvme.string : undefined;
};

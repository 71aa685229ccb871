import { z } from 'zod';

const shareSetting = (usual: string) =>
  z
    .string()
    .regex(/^(?:[1-9]\d?|100)%$/, { error: 'must be a share from 1% to 100%' })
    .transform((text) => Number(text.slice(0, -1)) / 100)
    .prefault(usual);

/** `alarms:` of a server. */
export const alarmSetting = z
  .strictObject({
    enabled: z.boolean().default(true).meta({ description: 'Whether each night is compared with the one before.' }),
    goneShare: shareSetting('20%').meta({
      description: 'This share of the messages of a mailbox, or of all, is gone…',
    }),
    goneMessages: z.int().min(1).default(50).meta({ description: '…and these are at least so many.' }),
    changedBodies: z.int().min(1).default(5).meta({
      description: 'So many messages have other bytes than they had under the same name.',
    }),
    oddShare: shareSetting('30%').meta({
      description: 'This share of the new and changed messages is no mail: noise, as what ransomware leaves.',
    }),
    dumpShrinks: shareSetting('50%').meta({ description: 'A dump is smaller than is usual by this share.' }),
    deliveries: z.int().min(1).default(10).meta({
      description: 'The captured logs of the mail server have so many deliveries, and no message came.',
    }),
  })
  .prefault({})
  .meta({
    description:
      'What looks like rot or ransomware in the source: it is backed up all the same, and nothing leaves until `run SERVER --confirm`.',
  });

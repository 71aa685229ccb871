import { z } from 'zod';
import { pathSetting, type ResolvePath } from '../contract/setting.ts';
import { parseBytes } from '../model/size.ts';

const percentSetting = (least: number) =>
  z
    .string()
    .regex(/^\d{1,3}%$/, { error: 'must be a share such as 80%' })
    .transform((text) => Number(text.slice(0, -1)))
    .refine((percent) => percent >= least && percent <= 100, { error: `must be from ${least}% to 100%` });

export const sizeSetting = z.string().transform((text, context): number => {
  const bytes = parseBytes(text);
  if (bytes !== undefined) return bytes;
  context.addIssue({ code: 'custom', message: 'must be a size such as 500M or 2G' });
  return z.NEVER;
});

/** A name beside which nothing else can be meant. */
const markerSetting = z
  .string()
  .regex(/^(?!\.{1,2}$)[^/\0]+$/, { error: 'must be the name of a file, without a folder' })
  .meta({ description: 'A file at its root that shows that it is the right one.', sample: '.mailkeep-disk' });

const mountSetting = z
  .strictObject({
    uuid: z
      .string()
      .regex(/^[0-9A-Fa-f-]{4,36}$/, { error: 'must be the UUID of a file system, as lsblk -f or blkid shows it' })
      .optional()
      .meta({ description: 'Of its file system, as `lsblk -f` shows it.' }),
    marker: markerSetting.optional(),
  })
  .refine(({ uuid, marker }) => uuid !== undefined || marker !== undefined, {
    error: 'must have a uuid or a marker by which the disk is known',
  });

const daySetting = z
  .string()
  .regex(/^[1-9]\d{0,3}d$/, { error: 'must be a time such as 30d' })
  .transform((text) => Number(text.slice(0, -1)) * 86_400_000);

/** `disk:` of a server. */
export const diskSetting = (resolve: ResolvePath) =>
  z.strictObject({
    path: pathSetting(resolve).meta({
      description: 'The folder on it that has `daily`, `weekly` and `latest`.',
      sample: '/mnt/backup-hdd/mailserver',
    }),
    mounts: z
      .array(mountSetting)
      .default([])
      .meta({
        description:
          'The disks that may be mounted there, any one of them. Without any: whatever has the file .mailkeep-disk in `path`, or at the root of the disk.',
        sample: [{ uuid: '3f1b0e66-6a0c-4d0c-9d52-0a4f8e1f6c11', marker: '.mailkeep-disk' }],
      }),
    withoutHardLinks: z.enum(['refuse', 'copy']).default('refuse').meta({
      description: 'On a file system without hard links (exFAT, SMB): refuse it, or keep each day as a whole copy.',
    }),
    keepDaily: z.int().min(1).default(30).meta({ description: 'How many good daily backups stay.' }),
    keepWeekly: z.int().min(0).default(12).meta({ description: 'How many good weekly backups stay.' }),
    verifyWithin: daySetting.prefault('30d').meta({
      description: 'One leaves only when a newer good one was read again, all of it, within this time.',
    }),
    scrub: z.boolean().default(true).meta({
      description: 'Each night read some of it again, so that all of it is read within `verifyWithin`.',
    }),
    repair: z.boolean().default(false).meta({
      description: 'At night, mend files that went bad and have a good copy. By hand: `mailkeep scrub --repair`.',
    }),
    warnAt: percentSetting(1).prefault('80%').meta({ description: 'Warn when the disk is this full.' }),
    reserve: sizeSetting.prefault('1G').meta({
      description: 'Room that has to stay: no backup begins that is likely to leave less.',
    }),
  });

export type DiskSetting = z.output<ReturnType<typeof diskSetting>>;

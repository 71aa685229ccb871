import { z } from 'zod';
import { sizeSetting } from './disk-setting.ts';

/** `gentle:` of a server (requirement B10). */
export const gentleSetting = z
  .strictObject({
    nice: z.int().min(0).max(19).default(19).meta({ description: 'The niceness of the process: 19 is the gentlest.' }),
    io: z.enum(['idle', 'normal']).default('idle').meta({
      description: 'Read and write only when nobody else does, or as everybody.',
    }),
    cpu: z
      .string()
      .regex(/^(?:[1-9]\d?|100)%$/, { error: 'must be a share from 1% to 100%' })
      .transform((text) => Number(text.slice(0, -1)) / 100)
      .prefault('30%')
      .meta({ description: 'Of all processors of the machine, on average.' }),
    bandwidth: sizeSetting.optional().meta({ description: 'Bytes a second that are read, on average.', sample: '50M' }),
  })
  .prefault({})
  .meta({ description: 'So that nobody notices a backup. Limits are those of the whole process.' });

export type GentleSetting = z.output<typeof gentleSetting>;

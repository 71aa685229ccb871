import { z } from 'zod';
import { pathSetting, type ResolvePath } from '../contract/setting.ts';

/** `log:`. */
export const logSetting = (resolve: ResolvePath) =>
  z
    .strictObject({
      folder: pathSetting(resolve).optional().meta({
        description: 'Where it is. Default: /var/log/mailkeep for root, otherwise log in the state folder.',
        sample: '/var/log/mailkeep',
      }),
      format: z.enum(['text', 'json']).default('text').meta({
        description: 'Lines as people read them, or one JSON object a line.',
      }),
      days: z.int().min(1).max(3650).default(30).meta({ description: 'How many days older files stay.' }),
    })
    .prefault({})
    .meta({ description: 'The log of runs.' });

import { z } from 'zod';
import { pathSetting, type ResolvePath } from '../contract/setting.ts';

/** `metrics:`. */
export const metricsSetting = (resolve: ResolvePath) =>
  z
    .strictObject({
      file: pathSetting(resolve).meta({
        description: "Written after each run, for node_exporter's textfile collector.",
        sample: '/var/lib/node_exporter/textfile/mailkeep.prom',
      }),
    })
    .optional()
    .meta({ description: 'For Prometheus.' });

import { z } from 'zod';
import { machineRecordFormat } from './machine-record.ts';

/** A setting as a configuration says it, with nothing secret in it. */
const settingFormat = z.record(z.string(), z.unknown());

const componentOriginFormat = z.object({
  name: z.string(),
  form: z.enum(['tree', 'archive', 'dump']),
  /** Absolute paths by the names of the folders and files at the component's root. */
  places: z.record(z.string(), z.string()),
  /** Of a database: how it was reached. */
  database: settingFormat.exactOptional(),
});

/**
 * Where a server's backup came from, so that it can be brought back where no configuration is left. It lies in the
 * backup itself and is the same every night; readers leave out what they do not know.
 */
export const serverOriginFormat = z.object({
  server: z.string(),
  host: z.string(),
  root: z.string().exactOptional(),
  components: z.array(componentOriginFormat),
  /** The machine that it was on; not in those of earlier versions. */
  machine: machineRecordFormat.exactOptional(),
  /** What a restore stops and starts. */
  stop: settingFormat.exactOptional(),
});

export type ServerOrigin = z.output<typeof serverOriginFormat>;
export type ComponentOrigin = z.output<typeof componentOriginFormat>;

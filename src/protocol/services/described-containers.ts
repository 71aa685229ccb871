import { basename, dirname } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const describedFormat = z.object({
  name: z.string().optional(),
  services: z.record(z.string(), z.looseObject({ container_name: z.string().optional() })),
});

/** As both generations of compose make it of the folder of the file, where nothing else says it. */
const projectOf = (file: string): string =>
  basename(dirname(file))
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '');

/**
 * The containers that compose will make, as lines `NAME\tSERVICE`, with the names that either generation gives.
 *
 * @param config is what `docker compose config` prints; of what cannot be understood nothing is said.
 */
export const describedContainers = (file: string, config: string): string => {
  const { success, data } = describedFormat.safeParse(parsed(config));
  if (!success) return '';
  const project = data.name ?? projectOf(file);
  return Object.entries(data.services)
    .flatMap(([service, { container_name: own }]) => {
      const names = own === undefined ? ['-', '_'].map((joint) => [project, service, '1'].join(joint)) : [own];
      return names.map((name) => `${name}\t${service}`);
    })
    .join('\n');
};

const parsed = (config: string): unknown => {
  try {
    return parse(config);
  } catch {
    return undefined;
  }
};

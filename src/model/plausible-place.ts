/** What holds the system itself, or is made by it; a restore of a component has no business to be there as a whole. */
const systemFolders: readonly string[] = [
  '/',
  '/bin',
  '/boot',
  '/lib',
  '/lib32',
  '/lib64',
  '/sbin',
  '/usr',
  '/usr/bin',
  '/usr/lib',
  '/usr/sbin',
];
const kernelFolders: readonly string[] = ['/dev', '/proc', '/run', '/sys'];

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

/**
 * Why a folder or file of a server cannot have come from this place; undefined when it can. `backup`: the folder of the backup itself,
 * where it is on a disk.
 */
export const whyNotPlausible = (place: string, backup: string | undefined): string | undefined => {
  if (!place.startsWith('/') || /(?:^|\/)\.{1,2}(?:\/|$)/.test(place) || place.includes('\0')) {
    return 'it is no absolute path';
  }
  if (systemFolders.includes(place)) return 'it is a folder of the system itself';
  if (kernelFolders.some((folder) => isBelow(place, folder))) return 'what lies there is made by the system';
  if (backup !== undefined && (isBelow(place, backup) || isBelow(backup, place))) return 'the backup itself lies there';
  return undefined;
};

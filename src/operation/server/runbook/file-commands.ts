import { shellCommand, shellWord } from '../../../model/shell-word.ts';
import type { BackupSite, FilesOfComponent, OwnerLook, RunbookPlace } from './runbook-facts.ts';

/** What the commands have to know besides the component itself. */
export interface FileCommandParts {
  readonly server: string;
  readonly where: BackupSite;
  /** The files on the disk do not have their owners, as the one who captured may not give them. */
  readonly ownersLost: boolean;
}

const folderOf = (path: string): string => path.replace(/\/[^/]*$/, '') || '/';

const ownership = ({ uid, gid, mode }: OwnerLook, path: string): readonly string[] => [
  shellCommand('chown', `${uid}:${gid}`, path),
  // In this order, as a change of owner takes away setuid and setgid.
  shellCommand('chmod', mode.toString(8).padStart(4, '0'), path),
];

const lookCommands = ({ look }: RunbookPlace, path: string): readonly string[] =>
  look === undefined ? [] : ownership(look, path);

const fromDisk = (
  { name: component, form }: FilesOfComponent,
  { place, to, folder }: { place: RunbookPlace; to: string; folder: string },
  ownersLost: boolean,
): readonly string[] => {
  const source = `${folder}/${component}/${place.name}`;
  if (place.kind === 'file') {
    return [
      shellCommand('mkdir', '-p', folderOf(to)),
      shellCommand('cp', '--archive', source, to),
      ...lookCommands(place, to),
    ];
  }
  const make = shellCommand('mkdir', '-p', to);
  if (form === 'archive') {
    const unpack = ['tar', '--extract', '--gzip', '--file', `${source}.tar.gz`, '--directory', to];
    const exactly = ['--strip-components=1', '--same-owner', '--numeric-owner', '--same-permissions', '--xattrs'];
    return [make, shellCommand(...unpack, ...exactly), ...lookCommands(place, to)];
  }
  const { look } = place;
  const given = look === undefined ? [] : [shellCommand('chown', '--recursive', `${look.uid}:${look.gid}`, to)];
  return [
    make,
    shellCommand('cp', '--archive', `${source}/.`, `${to}/`),
    ...(ownersLost ? given : []),
    ...lookCommands(place, to),
  ];
};

const fromRepository = (
  { name: component }: FilesOfComponent,
  {
    place,
    to,
    location,
    snapshot,
    server,
  }: Record<'to' | 'location' | 'snapshot' | 'server', string> & {
    place: RunbookPlace;
  },
): readonly string[] => {
  const path = `/${server}/${component}/${place.name}`;
  const restic = ['restic', '--repo', location];
  if (place.kind === 'folder') {
    return [
      shellCommand('mkdir', '-p', to),
      shellCommand(...restic, 'restore', `${snapshot}:${path}`, '--target', to),
      ...lookCommands(place, to),
    ];
  }
  return [
    shellCommand('mkdir', '-p', folderOf(to)),
    `( umask 077; ${shellCommand(...restic, 'dump', snapshot, path)} > ${shellWord(to)} )`,
    ...lookCommands(place, to),
  ];
};

/** Brings a component's files back to where they were, with the usual tools alone. What the backup does not say the place of is left out. */
export const fileCommands = (component: FilesOfComponent, parts: FileCommandParts): readonly string[] =>
  component.places.flatMap((place) => {
    const { to } = place;
    if (to === undefined) return [];
    const { where, ownersLost, server } = parts;
    return where.kind === 'disk'
      ? fromDisk(component, { place, to, folder: where.folder }, ownersLost)
      : fromRepository(component, { place, to, server, ...where });
  });

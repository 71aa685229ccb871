import type { DatabasePlace } from './config.ts';

/** For people: `in the container mailserver-mariadb`; '' on this machine itself. */
export const nameOfPlace = (place: DatabasePlace | undefined): string => {
  switch (place?.kind) {
    case 'docker':
    case 'podman':
      return ` in the container ${place.value}`;
    case 'compose':
      return ` in the service ${place.value.service}`;
    case undefined:
      return '';
  }
};

/** The command in front of one that is to run there, with its standard input open, as a user of that system. `compose`: that of its file. */
export const commandInto = (
  { place, systemUser }: { readonly place: DatabasePlace | undefined; readonly systemUser: string | undefined },
  compose: readonly string[],
): readonly string[] => {
  const as = systemUser === undefined ? [] : ['--user', systemUser];
  switch (place?.kind) {
    case 'docker':
    case 'podman':
      return [place.kind, 'exec', '-i', ...as, place.value];
    case 'compose':
      return [...compose, 'exec', '-T', ...as, place.value.service];
    case undefined:
      return systemUser === undefined ? [] : ['runuser', '-u', systemUser, '--'];
  }
};

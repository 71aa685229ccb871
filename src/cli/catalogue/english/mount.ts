import { plural } from './plural.ts';

/** The addresses of a mount, for the lines that tell how to open it. */
export interface MountAddresses {
  /** With the token. */
  readonly url: string;
  /** The same from the two slashes on. */
  readonly place: string;
  /** Without the token. */
  readonly origin: string;
  readonly token: string;
}

export const mountMessages = {
  mountServing: (count: number): string => `${plural(count, 'snapshot', 'snapshots')} to browse, read-only, at`,
  mountHowTo: ({ url, place, origin, token }: MountAddresses): readonly string[] => [
    '',
    `  web browser       open the address`,
    `  GNOME, GTK        gio mount dav:${place}`,
    `  KDE               dolphin webdav:${place}`,
    `  macOS             Finder, Go, Connect to Server: ${url}`,
    `  Windows           net use * ${url}`,
    `  Linux, davfs2     mount -t davfs -o ro ${origin}/ /mnt   (any user name, password ${token})`,
    `  rclone            RCLONE_WEBDAV_URL=${url} rclone mount :webdav: FOLDER --read-only`,
    '',
  ],
  mountSecret: (): string => 'Whoever knows this address can read everything in it, as long as it is served.',
  mountUntil: (): string => 'Ctrl-C ends it.',
  mountEnded: (): string => 'no longer served',
};

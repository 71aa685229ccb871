/** Of `kit`. `page…` is what is printed on paper. */
export const kitMessages = {
  pageTitle: (host: string, date: string): string => `Recovery kit of ${host}, ${date}`,
  pageIntro: (): string =>
    'This is what a person needs when everything else is gone. Keep it where the machine cannot take it along: on paper and on a stick, apart from the backups.',
  pageRepository: (name: string): string => `Repository ${name}`,
  pageDisk: (server: string): string => `Disk of ${server}`,
  pageWhere: (): string => 'Where',
  pageId: (): string => 'Id',
  pageKeys: (): string => 'Keys',
  pageMounts: (): string => 'The right disk',
  pagePassword: (): string => 'Password',
  pagePasswordElsewhere: (): string =>
    'not in this kit: write it here by hand, or keep it in a safe place  ______________________________',
  pagePasswordShares: (needed: number, shares: number, opener: string): string =>
    `in ${shares} shares, any ${needed} of which give it back: ${opener} kit join SHARE… --password-to password`,
  pagePasswordThere: (file: string): string => `in ${file}: whoever has this kit reads all mail`,
  pageMailkeep: (): string => 'With Mailkeep (the one in this kit; where it has none, the one that is installed)',
  pageRestic: (): string => 'With restic alone (https://restic.net, or the package of your distribution)',
  pageDiskBy: (): string =>
    'The disk needs no program: folders by date, checksums.sha256 in each; its RECOVERY.md tells the rest',
  pageFiles: (): string =>
    'Also here: mailkeep.yaml (the configuration), repositories/ (config and keys as they lie in each repository, sealed: for when only these are lost), checksums.sha256 (sha256sum --check checksums.sha256)',
  pageShare: (repository: string, number: number, shares: number, needed: number): readonly string[] => [
    `Share ${number} of ${shares} of the password of the repository ${repository}.`,
    `Any ${needed} of them give it back; fewer tell nothing. Keep it apart from the others.`,
    `mailkeep kit join SHARE… --password-to FILE`,
  ],
  kitWould: (path: string): string => `would write ${path}`,
  kitWritten: (path: string): string =>
    `the kit is in ${path}: print ${path}/kit.html, and keep it where this machine cannot take it along`,
  kitFileWritten: (file: string): string =>
    `the kit is ${file}; print ${file}.html, and keep both where this machine cannot take them along`,
  kitShares: (count: number, folder: string): string =>
    `${count} shares are in ${folder}: give each to another person, and remove them here`,
  askKitSecrets: (): string => 'Whoever gets this kit can read all mail. Write passwords into it?',
  kitDeclined: (): string => 'no kit was written',
  kitJoined: (path: string): string => `the password is in ${path}`,
  kitTypeShares: (): string => 'Type the shares, an empty line after each; end with Ctrl-D.',
  doctorKitNever: (): string => 'there is no recovery kit of it yet',
  doctorKitOld: (): string =>
    'its keys, its place or the configuration have changed since its recovery kit was written',
  doctorKitGood: (): string => 'its recovery kit says what is so',
  doctorKitHint: (): string => '`mailkeep kit --output DIR` writes what is needed when this machine is gone.',
};

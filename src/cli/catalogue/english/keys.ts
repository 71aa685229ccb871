/** Of `key`. */
export const keyMessages = {
  keyColumns: () => ({ id: ' ID', user: 'User', host: 'Host', created: 'Created' }),
  newPasswordFor: (location: string): string => `the new key of ${location}`,
  keyAdded: (id: string): string => `key ${id} was added`,
  keyChanged: (id: string): string => `the password was changed; the key is now ${id}`,
  keyRemoved: (id: string): string => `key ${id} was removed`,
  askKeyRemove: (id: string): string => `Remove the key ${id}? Its password will open nothing any more.`,
  keyKept: (): string => 'no key was removed',
  keyRevocation: (): string =>
    'Whoever has read the repository with the old password may have kept its master key: only a new repository shuts them out.',
};

/** The table of users of every Roundcube, by whose columns it is known. */
export const usersTable = 'users';
export const usersColumns: readonly string[] = ['user_id', 'username', 'mail_host'];
/** Every Roundcube has these. */
export const neededTables: readonly string[] = ['identities', 'contacts'];
/** These belong to a user too. */
export const moreTables: readonly string[] = [
  'contactgroups',
  'collected_addresses',
  'responses',
  'searches',
  'filestore',
];
/** So many users are told by name. */
export const named = 1000;

/**
 * A location for people: without the user and the password before its host, and of a remote of rclone that is described in
 * place (rclone.org/docs, "Connection strings") its name only, as what follows may hold passwords.
 */
export const locationName = (location: string): string => {
  const described = /^(rclone::?[^,:]*),/s.exec(location)?.[1];
  // A password may hold an @ that nobody has written as %40: the last one of the authority ends it.
  return described ?? location.replace(/\/\/[^/]*@/, '//');
};

import { z } from 'zod';

/** What the name of an account, a server or a repository may be: it stands in commands, where `/` and `:` mean a location. */
export const settingName = z
  .string()
  .max(64, { error: 'is longer than 64 characters' })
  .regex(/^[\p{L}\p{N}_][\p{L}\p{N}._@+-]*$/u, {
    error: 'is no name: it must begin with a letter or digit, and have only letters, digits and . _ @ + - in it',
  });

import { z } from 'zod';
import type { ResolvePath } from '../../contract/setting.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import { asFault } from '../../model/fault.ts';
import { compileFilter } from '../../model/filter.ts';

/** What begins at a root of its own is made absolute; anything else begins at the root of the server. */
const placeSetting = (resolve: ResolvePath) =>
  z
    .string()
    .min(1)
    .refine((path) => !path.includes('\0'), { error: 'holds a NUL byte' })
    .transform((path) => (/^[~/]/.test(path) ? resolve(path) : path));

const folderName = z
  .string()
  .regex(/^(?!\.{1,2}$)[^/\0]{1,200}$/, { error: 'is no name of a folder: it may not be empty, or have a / in it' });

const patternSetting = z.string().superRefine((pattern, context) => {
  try {
    compileFilter([byteStringOfText(pattern)]);
  } catch (error) {
    context.addIssue({ code: 'custom', message: asFault(error).message });
  }
});

/** A component of folders and files. */
export const filesComponentSetting = (resolve: ResolvePath) =>
  z
    .strictObject({
      folders: z
        .record(folderName, placeSetting(resolve))
        .default({})
        .meta({ description: 'Folders, each under the name that it has in the backup.', sample: { config: 'config' } }),
      files: z
        .array(placeSetting(resolve))
        .default([])
        .meta({ description: 'Single files, which keep their names.', sample: ['docker-compose.yml', '.env'] }),
      exclude: z
        .array(patternSetting)
        .default([])
        .meta({ description: "What is left out, by restic's patterns.", sample: ['*.tmp'] }),
      form: z.enum(['tree', 'archive']).optional().meta({
        description: 'On a disk: as it is, or each folder as NAME.tar.gz. Default: by the name of the component.',
      }),
    })
    .superRefine(({ folders, files }, context) => {
      if (Object.keys(folders).length + files.length > 0) return;
      context.addIssue({ code: 'custom', message: 'must have folders or files' });
    })
    // The last step: what is wrong before it ends the attempt, and a database is not told that its settings are none of a folder.
    .transform((given) => ({ kind: 'files', ...given }) as const);

export type FilesComponentSetting = z.output<ReturnType<typeof filesComponentSetting>>;

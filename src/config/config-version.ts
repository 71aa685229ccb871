import type { ConfigProblem } from './config-problem.ts';
import type { YamlDocument } from './yaml-document.ts';

/** The newest version of the file that this program knows. */
export const knownVersion = 1;

/** The version that a file names; 0 where it names none: that is how people begin one by hand. Undefined: it is no version. */
export const versionOf = ({ value }: YamlDocument): number | undefined => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if (!('version' in value)) return 0;
  const { version } = value;
  return typeof version === 'number' && Number.isSafeInteger(version) && version > 0 ? version : undefined;
};

/** A newer file may mean anything by what it says; it is not looked at any further. */
export const newerVersion = (document: YamlDocument): ConfigProblem | undefined => {
  const version = versionOf(document);
  if (version === undefined || version <= knownVersion) return undefined;
  return {
    ...document.positionOf(['version'], 'value'),
    setting: 'version',
    message: `is ${version}, and this program knows up to ${knownVersion}`,
    hint: 'The file is of a newer Mailkeep: update this one. Nothing was changed.',
  };
};

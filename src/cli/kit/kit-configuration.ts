import { isMap, isScalar } from 'yaml';
import type { ResolvePath } from '../../contract/setting.ts';
import { plainDocument, withoutSecrets } from './hidden-secrets.ts';
import { passwordFileOf } from './kit-page.ts';

export interface ConfigurationWish {
  /** Where a relative path of the configuration lies on this machine. */
  readonly resolve: ResolvePath;
  readonly withSecrets: boolean;
}

/**
 * The text of a configuration as it lies in a kit: the password of each repository is looked for in `secrets/` beside it, whoever puts it
 * there, and repositories and disks are named by whole paths.
 */
export const kitConfiguration = (text: string, { resolve, withSecrets }: ConfigurationWish): string => {
  const document = plainDocument(withSecrets ? text : withoutSecrets(text));
  const entries = (list: string) => {
    const found = document.get(list);
    return isMap(found) ? found.items : [];
  };
  for (const { key, value } of entries('repositories')) {
    if (!isScalar(key) || !isMap(value)) continue;
    value.set('password', document.createNode({ file: passwordFileOf(String(key.value)) }));
    const location = value.get('location');
    if (typeof location === 'string' && !/^[a-z0-9]+:/i.test(location)) value.set('location', resolve(location));
  }
  for (const { value } of entries('servers')) {
    const disk = isMap(value) ? value.get('disk') : undefined;
    const path = isMap(disk) ? disk.get('path') : undefined;
    if (isMap(disk) && typeof path === 'string') disk.set('path', resolve(path));
  }
  return document.toString({ lineWidth: 0 });
};

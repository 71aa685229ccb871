import { secretSource } from '../contract/secret-source.ts';
import { pathSetting, type ResolvePath } from '../contract/setting.ts';

export const urlSetting = (resolve: ResolvePath) =>
  secretSource(resolve).meta({
    description: 'The URL, https only. Whoever knows it can use it, so it is a secret.',
    sample: { file: '~/.config/mailkeep/notification-url' },
  });

export const authoritySetting = (resolve: ResolvePath) =>
  pathSetting(resolve).optional().meta({
    description: "A PEM file of the authorities that may vouch for the server, in place of the system's.",
  });

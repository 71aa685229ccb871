import { InvalidArgumentError } from 'commander';
import { type StorageSettings, usualStorageSettings } from '../contract/storage-settings.ts';
import type { CommandContext } from './context.ts';

/** Collects restic's `-o key=value`. */
export const collectOption = (
  text: string,
  earlier: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> => {
  const sign = text.indexOf('=');
  const key = (sign < 0 ? text : text.slice(0, sign)).trim().toLowerCase();
  if (sign < 0 || key === '') throw new InvalidArgumentError('It must be of the form key=value.');
  return { ...earlier, [key]: text.slice(sign + 1).trim() };
};

/** restic counts its limits in KiB a second; 0 is none. In bytes a second. */
export const parseRate = (text: string): number => {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a number of KiB a second.');
  return Number(text) * 1024;
};

/** What the options and the environment say about the storage, options first. */
export const storageSettings = ({ options, environment }: CommandContext): StorageSettings => {
  const certificates = options.cacert ?? environment.certificates;
  const clientCertificate = options.tlsClientCert ?? environment.clientCertificate;
  return {
    options: options.option ?? {},
    variables: environment.variables,
    tls: {
      insecure: options.insecureTls,
      ...(certificates === undefined ? {} : { certificates }),
      ...(clientCertificate === undefined ? {} : { clientCertificate }),
    },
    stuckTimeout: options.stuckRequestTimeout ?? usualStorageSettings.stuckTimeout,
    ...(options.limitUpload === undefined || options.limitUpload === 0 ? {} : { uploadRate: options.limitUpload }),
    ...(options.limitDownload === undefined || options.limitDownload === 0
      ? {}
      : { downloadRate: options.limitDownload }),
  };
};

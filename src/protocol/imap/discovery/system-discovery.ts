import { resolveMx, resolveSrv } from 'node:dns/promises';
import { isFault } from '../../../model/fault.ts';
import { callHttps } from '../../login/https-call.ts';
import type { Discovery } from './find-server.ts';

/** The network's own DNS and web. */
export const systemDiscovery: Discovery = {
  resolveMx,
  resolveSrv,
  fetch: async (url, run) => {
    try {
      const { status, body } = await callHttps({ url }, run);
      return status === 200 ? body : undefined;
    } catch (error) {
      if (isFault(error) && error.code !== 'interrupted') return undefined;
      throw error;
    }
  },
};

import { z } from 'zod';
import type { ReadSecret } from '../../contract/secret-source.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import { callHttps } from './https-call.ts';
import type { ServiceAccountSetting } from './login-setting.ts';
import { delegatedToken } from './service-account.ts';

const readOnlyScope = 'https://www.googleapis.com/auth/admin.directory.user.readonly';
const mostPages = 2000;

const page = z.object({
  users: z
    .array(
      z.object({
        primaryEmail: z.string().regex(/^[^\s/\0]+@[^\s/\0]+$/),
        suspended: z.boolean().default(false),
        archived: z.boolean().default(false),
      }),
    )
    .default([]),
  nextPageToken: z.string().min(1).optional(),
});

export interface DomainUsers {
  /** Addresses whose mail can be read, sorted. */
  readonly active: readonly string[];
  /** Addresses that nobody can log in to: Google lets nobody into a suspended or archived account. */
  readonly suspended: readonly string[];
}

/** All users of a domain, as Google's Directory API lists them (users.list). */
export const domainUsers = async (
  setting: ServiceAccountSetting,
  domain: string,
  readSecret: ReadSecret,
  run: Run,
): Promise<DomainUsers> => {
  const { administrator, directoryEndpoint, certificateAuthority } = setting;
  if (administrator === undefined) {
    throw new Fault('configuration', 'nobody is named in whose name the users of the domain are listed', {
      hint: 'Set administrator of the serviceAccount.',
    });
  }
  const { token } = await delegatedToken(setting, { subject: administrator, scope: readOnlyScope }, readSecret, run);
  const active: string[] = [];
  const suspended: string[] = [];
  let next: string | undefined;
  for (let number = 0; number === 0 || next !== undefined; number++) {
    throwIfInterrupted(run);
    const url = new URL(directoryEndpoint);
    url.searchParams.set('domain', domain);
    url.searchParams.set('maxResults', '500');
    if (next !== undefined) url.searchParams.set('pageToken', next);
    const { users, nextPageToken } = await readPage({ url: url.href, bearer: token, certificateAuthority }, run);
    for (const user of users) (user.suspended || user.archived ? suspended : active).push(user.primaryEmail);
    if (nextPageToken !== undefined && (nextPageToken === next || number >= mostPages)) {
      throw new Fault('server-misbehaved', `${url.host} lists users without an end`);
    }
    next = nextPageToken;
  }
  return { active: active.toSorted(), suspended: suspended.toSorted() };
};

const readPage = async (call: Parameters<typeof callHttps>[0], run: Run): Promise<z.output<typeof page>> => {
  const { status, body } = await callHttps(call, run);
  const { host } = new URL(call.url);
  if (status === 401 || status === 403 || status === 404) {
    throw new Fault('credentials-refused', `${host} does not list the users of the domain (${status})`, {
      hint: `The administrator must be one, the Admin SDK must be switched on in the project, and the service account needs the scope ${readOnlyScope}.`,
      context: { host, status },
    });
  }
  try {
    if (status === 200) return page.parse(JSON.parse(body));
  } catch (error) {
    throw new Fault('server-misbehaved', `${host} answers with no list of users`, { cause: error });
  }
  throw new Fault('server-misbehaved', `${host} answers with no list of users (${status})`);
};

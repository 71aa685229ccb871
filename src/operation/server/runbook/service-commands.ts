import { shellCommand } from '../../../model/shell-word.ts';
import type { DatabaseOfComponent, RunbookFacts, SignsOfLife } from './runbook-facts.ts';

/** `docker compose`, or its older form where that is what the machine had. */
export const composeWords = ({ machine }: RunbookFacts): readonly string[] =>
  machine?.programs['docker-compose'] === undefined ? ['docker', 'compose'] : ['docker-compose'];

const units: Readonly<Record<string, string>> = {
  mariadb: 'mariadb',
  mysql: 'mysql',
  postgres: 'postgresql',
  redis: 'redis-server',
};

/** Starts the server of a database, still empty. None where nothing has to run, or it is not known how. */
export const databaseServerCommands = (component: DatabaseOfComponent, facts: RunbookFacts): readonly string[] => {
  const { site, database } = component;
  const { place } = site;
  const up = (file: string, service: string): string =>
    shellCommand(...composeWords(facts), '--file', file, 'up', '--detach', service);
  if (place?.kind === 'compose') return [up(place.file, place.service)];
  if (place !== undefined) {
    const service = facts.compose?.services[place.container];
    return facts.compose === undefined || service === undefined ? [] : [up(facts.compose.path, service)];
  }
  const unit = units[database];
  return unit === undefined || site.host !== undefined ? [] : [shellCommand('systemctl', 'enable', '--now', unit)];
};

const systemServices = ['opendkim', 'rspamd', 'dovecot', 'postfix'];

/** What the backup says is started; else what was installed on the machine. */
const systemCommands = ({ start, machine }: RunbookFacts): readonly string[] => {
  if (start?.kind === 'command') return [shellCommand(...start.words)];
  if (start?.kind === 'compose') return [];
  const installed = systemServices.filter((name) => machine?.programs[name] !== undefined);
  const units = start?.kind === 'systemd' ? start.units : installed;
  return units.length === 0 ? [] : [shellCommand('systemctl', 'enable', '--now', ...units)];
};

/** Starts everything. */
export const serviceCommands = (facts: RunbookFacts): readonly string[] => {
  const { compose, start } = facts;
  const file = start?.kind === 'compose' ? start.file : compose?.path;
  const composed = file === undefined ? undefined : [...composeWords(facts), '--file', file];
  return [
    ...(composed === undefined ? [] : [shellCommand(...composed, 'up', '--detach'), shellCommand(...composed, 'ps')]),
    ...systemCommands(facts),
  ];
};

export interface SignCommands {
  readonly certificates: readonly string[];
  readonly keys: readonly string[];
  readonly names: readonly string[];
  readonly logins: readonly string[];
}

/** What shows that the server lives: certificates, keys against the DNS, names, a login, a greeting. */
export const signCommands = ({ certificates, keys, domains, person }: SignsOfLife): SignCommands => ({
  certificates: certificates.map((path) =>
    shellCommand('openssl', 'x509', '-noout', '-subject', '-enddate', '-in', path),
  ),
  keys: keys.flatMap(({ domain, selector, path }) => [
    `${shellCommand('openssl', 'rsa', '-in', path, '-pubout', '-outform', 'DER')} | openssl base64 -A; echo`,
    shellCommand('dig', '+short', 'TXT', `${selector}._domainkey.${domain}`),
  ]),
  names: domains.map((domain) => shellCommand('dig', '+short', 'MX', domain)),
  logins: [
    ...(person === undefined ? [] : [shellCommand('curl', '--insecure', '--user', person, 'imaps://localhost/')]),
    'openssl s_client -connect localhost:25 -starttls smtp -brief < /dev/null',
  ],
});

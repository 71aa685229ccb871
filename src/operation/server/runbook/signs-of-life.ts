import type { RunbookOwner, SignsOfLife } from './runbook-facts.ts';
import type { SurveyedEntry } from './survey-backup.ts';

/** A component's upper levels, and where its folders were. */
export interface SurveyedComponent {
  readonly name: string;
  readonly entries: readonly SurveyedEntry[];
  /** Absolute paths on the server by the names at the component's root. */
  readonly places: Readonly<Record<string, string>>;
}

const most = 5;

const isDomain = (name: string): boolean =>
  /^(?=.{3,253}$)(?!-)[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*$/i.test(name);

/** Where an entry was on the server. */
const pathOf = ([place = '', ...rest]: readonly string[], { places }: SurveyedComponent): string | undefined => {
  const root = Object.hasOwn(places, place) ? places[place] : undefined;
  return root === undefined ? undefined : [root, ...rest].join('/');
};

const certificatesIn = (component: SurveyedComponent): readonly string[] =>
  component.entries.flatMap(({ path }) => {
    const [folder, , name] = path.slice(-3);
    return folder === 'live' && name === 'fullchain.pem' ? (pathOf(path, component) ?? []) : [];
  });

/** As opendkim-genkey names them: the domain's folder, and the selector's file. */
const keysIn = (component: SurveyedComponent): SignsOfLife['keys'] =>
  component.entries.flatMap(({ path, metadata }) => {
    const [domain = '', file = ''] = path.slice(-2);
    const selector = /^(.+)\.private$/.exec(file)?.[1];
    const whole = pathOf(path, component);
    if (selector === undefined || whole === undefined || metadata.type !== 'file' || !isDomain(domain)) return [];
    return [{ domain, selector, path: whole }];
  });

/** Folders of mail as `example.com/alice` or `example.com/alice@example.com`. */
const mailIn = ({ entries }: SurveyedComponent): readonly (readonly [domain: string, person: string])[] =>
  entries.flatMap(({ path, metadata }) => {
    const [domain = '', user = ''] = path.slice(-2);
    if (path.length !== 3 || metadata.type !== 'directory' || !isDomain(domain) || user.startsWith('.')) return [];
    return [[domain, user.includes('@') ? user : `${user}@${domain}`] as const];
  });

const once = <Item>(items: readonly Item[], key: (item: Item) => string): readonly Item[] =>
  items.filter((item, at) => items.findIndex((other) => key(other) === key(item)) === at);

/** By what it is seen that the server lives again, as far as the names in its backup tell. */
export const signsOfLife = (components: readonly SurveyedComponent[]): SignsOfLife => {
  const mail = components.filter(({ name }) => name === 'mail').flatMap(mailIn);
  const keys = once(components.flatMap(keysIn), ({ path }) => path).slice(0, most);
  const domains = [...mail.map(([domain]) => domain), ...keys.map(({ domain }) => domain)];
  return {
    certificates: once(components.flatMap(certificatesIn), (path) => path).slice(0, most),
    keys,
    domains: once(domains, (domain) => domain).slice(0, most),
    person: mail[0]?.[1],
  };
};

/** Whoever owns what was seen, the superuser left out. */
export const ownersIn = (components: readonly SurveyedComponent[]): readonly RunbookOwner[] => {
  const owners = components
    .flatMap(({ entries }) => entries)
    .filter(({ metadata: { uid, gid } }) => uid !== 0 || gid !== 0)
    .map(({ metadata: { uid, gid, user, group } }) => ({ uid, gid, user, group }));
  return once(owners, ({ uid, gid }) => `${uid}:${gid}`).toSorted((a, b) => a.uid - b.uid || a.gid - b.gid);
};

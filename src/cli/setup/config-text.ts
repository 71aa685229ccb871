import { Document, isMap, parseDocument } from 'yaml';
import { Fault } from '../../model/fault.ts';

/** An entry under a name of its own. */
interface Named {
  readonly name: string;
  readonly entry: Readonly<Record<string, unknown>>;
}

/** What is added to a configuration. */
export interface ConfigAddition {
  readonly section: 'accounts' | 'servers';
  readonly added: Named;
  /** Undefined where the repository is there already, or none is needed. */
  readonly repository: Named | undefined;
}

const heading = ' Mailkeep. Check it with `mailkeep config check`; docs/configuration.md describes every setting.';

/**
 * The text of a configuration with an account or a server (and a repository) more; comments and order of what is there stay. `before`
 * undefined: a new one. Fault `configuration` when there is no place for it.
 */
export const withAddition = (before: string | undefined, { section, added, repository }: ConfigAddition): string => {
  const document = before === undefined ? emptyDocument() : parseDocument(before);
  if (document.errors.length > 0 || !isMap(document.contents)) {
    throw new Fault('configuration', 'the configuration cannot be added to', {
      hint: 'Look at it: `mailkeep config check`.',
    });
  }
  if (repository !== undefined) put(document, 'repositories', repository);
  put(document, section, added);
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
};

const emptyDocument = (): Document => {
  const document = new Document({ version: 1 });
  document.commentBefore = heading;
  return document;
};

const put = (document: Document, section: 'repositories' | 'accounts' | 'servers', { name, entry }: Named): void => {
  if (document.hasIn([section, name])) {
    throw new Fault('configuration', `the configuration has ${section}.${name} already`, {
      hint: 'Choose another name.',
    });
  }
  if (isMap(document.getIn([section], true))) document.setIn([section, name], document.createNode(entry));
  else document.set(section, document.createNode({ [name]: entry }));
};

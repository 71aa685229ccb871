import type { ComposeService, Mount } from './compose/compose-project.ts';
import { engineOf } from './compose/database-service.ts';
import type { Stack } from './compose/stack.ts';
import { folderOfMount } from './compose/volumes.ts';
import { liesIn } from './path.ts';

/** Of the machine itself: nothing of a mail server. */
const ofMachine = /^\/(?:proc|sys|dev|run|lib|var\/run|etc\/(?:localtime|timezone|hosts|resolv\.conf))(?:\/|$)/;

/** Signatures of viruses, which are fetched again, and places of sockets. */
const fetchedAgain = /^\/var\/lib\/clamav(?:\/|$)|^\/(?:var\/)?run(?:\/|$)/;

/** Folders of databases: their servers are asked instead. */
const ofDatabase = /^\/var\/lib\/(?:mysql|postgresql)(?:\/|$)|^\/data$|^\/bitnami/;

/** Tells of what services have mounted and no component has, but for what the stack is known to make again. */
export const tellUnclaimed = async (
  stack: Stack,
  isMadeAgain: (mount: Mount, service: ComposeService) => boolean,
): Promise<void> => {
  const { draft, project, engine } = stack;
  const seen = new Set<string>();
  for (const service of project.services) {
    for (const mount of service.mounts) {
      if (ofMachine.test(mount.source) || fetchedAgain.test(mount.target) || isMadeAgain(mount, service)) continue;
      if (engineOf(service) !== undefined && ofDatabase.test(mount.target)) continue;
      const question = { machine: draft.machine, project, engine, tell: () => undefined };
      const path = await folderOfMount(question, mount, 'extra');
      if (path === undefined || seen.has(path)) continue;
      seen.add(path);
      const isCaptured = draft.places.some((place) => liesIn(path, place.path));
      if (isCaptured || (await draft.machine.placeAt(path)) === 'missing') continue;
      draft.tell({ code: 'volume-unclaimed', service: service.name, path });
    }
  }
};

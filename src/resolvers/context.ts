import { createLoaders, type Loaders } from "./loaders.ts";
import type { Services } from "./services.ts";
import type { Viewer } from "./viewer.ts";

/**
 * What a resolver gets: the services, who asks, and loaders that live for one operation, or for one event of a
 * subscription; longer, and they would answer stale rows.
 */
export interface Context extends Services {
  readonly viewer: Viewer;
  /** Those of after the operation's last write: what it wrote is read anew. */
  readonly loaders: Loaders;
  /** To be called when a write is committed: rings the feed, and forgets what was loaded before. */
  readonly written: () => void;
  /** The feed's position before anything else of this operation was read; null unless the operation selects it. */
  readonly liveCursor: string | null;
}

export function createContext(services: Services, viewer: Viewer, liveCursor: string | null = null): Context {
  let loaders = createLoaders(services);
  return {
    ...services,
    viewer,
    liveCursor,
    get loaders() {
      return loaders;
    },
    written() {
      services.feed.ring();
      loaders = createLoaders(services);
    },
  };
}

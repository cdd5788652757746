import type { AuditEntry } from "./access/audit.ts";
import { createLoaders, type Loaders } from "./loaders.ts";
import type { Services } from "./services.ts";
import type { Viewer } from "./viewer.ts";

/**
 * What a resolver gets: the services, who asks, and loaders that live for one operation, or for one event of a
 * subscription; longer, and they would answer stale rows.
 */
export interface Context extends Services {
  readonly viewer: Viewer;
  /** What the administrative mutation that is under way does; null: none is. */
  readonly audit: AuditEntry | null;
  /** Those of after the operation's last write: what it wrote is read anew. */
  readonly loaders: Loaders;
  /** To be called when a write is committed: rings the feed, and forgets what was loaded before. */
  readonly written: () => void;
  /** The feed's position before anything else of this operation was read; null unless the operation selects it. */
  readonly liveCursor: string | null;
}

export function createContext(services: Services, viewer: Viewer, liveCursor: string | null = null): Context {
  let loaders = createLoaders(services, viewer);
  return {
    ...services,
    viewer,
    audit: null,
    liveCursor,
    get loaders() {
      return loaders;
    },
    written() {
      services.feed.ring();
      loaders = createLoaders(services, viewer);
    },
  };
}

/** The same context for one administrative mutation: its first transaction tells of it. */
export function auditedContext(context: Context, audit: AuditEntry): Context {
  // Not a copy: loaders are those of the context as it becomes.
  const audited: Context = Object.create(context, { audit: { value: audit } });
  return audited;
}

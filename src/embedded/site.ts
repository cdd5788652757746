import type { Account } from "./account.ts";
import type { Log } from "./log.ts";

/** All that stays the same from one start of a data directory's PostgreSQL to the next. */
export interface Site {
  /** Real path of the service's data directory. */
  readonly dataDir: string;
  /** Real path of PostgreSQL's own data directory. */
  readonly cluster: string;
  /** Holds bin/, lib/ and share/. */
  readonly native: string;
  readonly account: Account;
  /** Of the superuser. */
  readonly password: string;
  /** Of the database's owner. */
  readonly servicePassword: string;
  readonly log: Log;
}

import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import postgres from "postgres";

export type Sql = postgres.Sql;
export type Db = PostgresJsDatabase;
/** The same within a transaction. */
export type Transaction = Parameters<Parameters<Db["transaction"]>[0]>[0];

/** One pool of connections, seen through drizzle (`db`) and bare (`sql`). */
export interface Database extends AsyncDisposable {
  readonly url: string;
  readonly db: Db;
  readonly sql: Sql;
  /** Ends all sessions at once, for a database that does not answer: what waits and what comes fails as unreachable, until `resume`. */
  suspend(): void;
  resume(): void;
}

/** One statement on its way. */
export interface ObservedStatement {
  /** A connection has it; called once more when the driver sends it again. */
  sent(text: string): void;
  /** It has ended, by this error where it failed; may be told twice. */
  ended(error?: unknown): void;
}

/** Is told of each statement; `isPooled`: it waits for a connection, which one within a transaction has. */
export type ObserveStatement = (isPooled: boolean) => ObservedStatement;

export interface DatabaseOptions {
  /** Most connections of the pool. Default 10. */
  max?: number;
  /** What pg_stat_activity shows. Default "weir". */
  name?: string;
  /**
   * Milliseconds after which PostgreSQL cancels a statement; 0 is never. Default 0. A session that has not said so a little later is
   * taken for lost: its statement fails as unreachable.
   */
  statementTimeout?: number;
  /** Seconds to connect within. Default 10. */
  connectTimeout?: number;
  /**
   * Whether statements are prepared, so that each text is parsed once in a session. Default true; not behind a pooler that gives each
   * transaction another session.
   */
  isPrepared?: boolean;
  /** Further settings of each session. */
  settings?: Readonly<Record<string, string>>;
  /** Undefined: nobody is. */
  observe?: ObserveStatement | undefined;
  /** Is told the text of each statement, for tests. */
  onStatement?: (text: string) => void;
}

/**
 * Prepared statements that a session keeps: more than the texts that are in use, and a bound on the server's memory, where one takes
 * some 50 kB.
 */
const MOST_STATEMENTS = 150;

/** Seconds after the statement timeout by which PostgreSQL has said something. */
const ANSWER_GRACE = 5;

/** Opens a pool. Nothing connects before the first statement. */
export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  const isPrepared = options.isPrepared ?? true;
  const statementTimeout = options.statementTimeout ?? 0;
  const sql = postgres(url, {
    max: options.max ?? 10,
    prepare: isPrepared,
    max_statements: MOST_STATEMENTS,
    onnotice: () => {},
    // It would ask each new connection for the array types of all tables; we pass text and JSON alone.
    fetch_types: false,
    connect_timeout: options.connectTimeout ?? 10,
    answer_timeout: statementTimeout === 0 ? null : statementTimeout / 1_000 + ANSWER_GRACE,
    // Seconds before it connects again; the driver's own rule waits up to 20 after PostgreSQL was away for a while.
    backoff: (attempt: number) => Math.min(3 ** attempt / 100, 0.5),
    ...(options.observe === undefined ? {} : { observe: options.observe }),
    ...(options.onStatement === undefined ? {} : { debug: (_connection, text) => options.onStatement?.(text) }),
    connection: {
      ...options.settings,
      application_name: options.name ?? "weir",
      // Compiling costs more than any of our statements, and the planner's guesses call for it.
      jit: "off",
      TimeZone: "UTC",
      statement_timeout: statementTimeout,
    },
  });
  return {
    url,
    sql,
    db: drizzle({ client: preparing(sql) }),
    suspend: () => sql.suspend(),
    resume: () => sql.resume(),
    [Symbol.asyncDispose]: () => sql.end({ timeout: 2 }),
  };
}

/** A longer text is hardly one that is sent again, and would take much memory. */
const MOST_PREPARED_CHARACTERS = 20_000;

/**
 * The same client, but that drizzle's statements are prepared: its builder asks for that only where a statement was given a name.
 * A text without parameters stays as it is, since it may be several statements.
 */
function preparing<Client extends object>(client: Client): Client {
  return new Proxy(client, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property);
      if (typeof member !== "function") return member;
      if (property === "unsafe") {
        return (text: string, parameters: unknown): unknown =>
          Reflect.apply(member, target, [text, parameters, { prepare: text.length <= MOST_PREPARED_CHARACTERS }]);
      }
      if (property === "begin" || property === "savepoint") {
        return (work: (inner: object) => unknown): unknown =>
          Reflect.apply(member, target, [(inner: object) => work(preparing(inner))]);
      }
      return member;
    },
  });
}

/** What a statement is called in its leading comment, else its first word; never more of it. */
export function nameOfStatement(text: string): string {
  return (
    /^\s*\/\* ([\w.]{1,60}) \*\//.exec(text)?.[1] ?? /^\s*([a-zA-Z]{1,20})\b/.exec(text)?.[1]?.toLowerCase() ?? "other"
  );
}

/** SQLSTATE codes that Weir acts on, by their names in PostgreSQL's documentation. */
export const SQLSTATE = {
  queryCanceled: "57014",
  adminShutdown: "57P01",
  crashShutdown: "57P02",
  cannotConnectNow: "57P03",
  tooManyConnections: "53300",
  /** The database was dropped or renamed; it may come back, restored from a backup. */
  invalidCatalogName: "3D000",
  diskFull: "53100",
  outOfMemory: "53200",
  readOnlyTransaction: "25006",
  lockNotAvailable: "55P03",
  deadlockDetected: "40P01",
  serializationFailure: "40001",
  featureNotSupported: "0A000",
  duplicateTable: "42P07",
  duplicateObject: "42710",
  undefinedTable: "42P01",
  undefinedColumn: "42703",
  uniqueViolation: "23505",
  checkViolation: "23514",
  foreignKeyViolation: "23503",
  /** Something else would lose what it stands on. */
  dependentObjects: "2BP01",
  invalidObjectDefinition: "42P17",
  insufficientPrivilege: "42501",
  syntaxError: "42601",
  undefinedObject: "42704",
} as const;

/** The SQLSTATE (or the driver's own code) of an error, looked for through drizzle's wrapping; undefined when it has none. */
export function sqlState(error: unknown): string | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ("code" in at && typeof at.code === "string") return at.code;
  }
  return undefined;
}

/**
 * Whether a prepared statement answers other columns than when it was prepared: a migration ran since. The driver prepares it again
 * by itself, but in a transaction, which such an error ends.
 */
export function isStalePlan(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ("routine" in at && at.routine === "RevalidateCachedQuery") return sqlState(at) === SQLSTATE.featureNotSupported;
  }
  return false;
}

const UNREACHABLE = new Set<string>([
  SQLSTATE.adminShutdown,
  SQLSTATE.crashShutdown,
  SQLSTATE.cannotConnectNow,
  SQLSTATE.tooManyConnections,
  SQLSTATE.invalidCatalogName,
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ENOTFOUND",
  "EHOSTUNREACH",
  "ETIMEDOUT",
]);

const FOR_NOBODY = new Set<string>([SQLSTATE.diskFull, SQLSTATE.outOfMemory, SQLSTATE.readOnlyTransaction]);

/** Whether the database can do for nobody what was asked: trying the parts of a statement one by one is pointless. */
export function isForNobody(error: unknown): boolean {
  return isUnreachable(error) || FOR_NOBODY.has(sqlState(error) ?? "");
}

/** Whether the database could not be reached: the statement may be tried again later. */
export function isUnreachable(error: unknown): boolean {
  const code = sqlState(error);
  return code !== undefined && UNREACHABLE.has(code);
}

import { sql } from "drizzle-orm";
import type { Transaction } from "../../db/client.ts";
import { lockSubject } from "../../db/locks.ts";
import { encryptCreds, type JsonObject, type Keyring } from "../../resolvers/pipelines/credentials.ts";
import { COLUMNS, type ConfigRow, type ConfigTable, type Refusal } from "./columns.ts";
import type { ConfigDb } from "./read.ts";
import { askOfEach, type Columns, insertRows } from "./rows.ts";

export interface ImportOptions {
  /** Nothing is inserted. */
  readonly isDryRun: boolean;
  /** New pipelines come with both legs inactive. */
  readonly isPaused: boolean;
  /** Runs that are not finished stay so. */
  readonly keepsUnfinished: boolean;
}

export interface Taken {
  readonly taken: number;
  readonly known: number;
}

type EndpointTable = "sources_config" | "destinations_config";
const KINDS: Readonly<Record<EndpointTable, "source" | "destination">> = {
  sources_config: "source",
  destinations_config: "destination",
};

const TAKEN_ALREADY = "another one with this key is there already";
const TWICE = "the file has it twice";

export function columnsOf(table: ConfigTable): Columns {
  return Object.entries(COLUMNS[table]).map(([name, { type }]) => [name, type]);
}

/** Those whose key came before are refused. */
function withoutDoubles(table: ConfigTable, key: string, rows: readonly ConfigRow[], refusals: Refusal[]): ConfigRow[] {
  const seen = new Set<unknown>();
  return rows.filter((row) => {
    if (!seen.has(row[key])) return seen.add(row[key]);
    refusals.push({ table, row: String(row[key]), why: TWICE });
    return false;
  });
}

/** Sources or destinations. A name that another one has here is refused. */
export async function takeEndpoints(
  tx: Transaction,
  table: EndpointTable,
  found: ConfigDb,
  keyring: Keyring,
  { isDryRun }: ImportOptions,
  refusals: Refusal[],
): Promise<Taken> {
  const kind = KINDS[table];
  const ready = await encrypted(
    table,
    withoutDoubles(table, `${kind}_name`, found.rows[table], refusals),
    keyring,
    refusals,
  );
  const name = sql.identifier(`${kind}_name`);
  // One that was renamed here since is still the same one.
  const states = await askOfEach<{ state: "new" | "known" | "other" }>(
    tx,
    ready,
    columnsOf(table),
    sql`case when exists (select from pipeline.${sql.identifier(table)} t where t.id = r.id) then 'known'
             when exists (select from pipeline.${sql.identifier(table)} t where t.${name} = r.${name}) then 'other'
             else 'new' end as state`,
  );
  const fresh = ready.filter((_, at) => states[at]?.state === "new");
  for (const [at, row] of ready.entries()) {
    if (states[at]?.state === "other") refusals.push({ table, row: String(row[`${kind}_name`]), why: TAKEN_ALREADY });
  }
  if (!isDryRun) await insertRows(tx, table, fresh, columnsOf(table));
  return { taken: fresh.length, known: states.filter(({ state }) => state === "known").length };
}

/** As the program encrypts them. */
const FERNET = /^gAAAA[\w-]+=*$/;

/**
 * Encrypts credentials. A Fernet token stays as it is: whoever edits the source writes them anew. Other text that is no JSON
 * object is refused, since it could not be masked.
 */
async function encrypted(
  table: EndpointTable,
  rows: readonly ConfigRow[],
  keyring: Keyring,
  refusals: Refusal[],
): Promise<readonly ConfigRow[]> {
  const column = `${KINDS[table]}_creds`;
  const ready: ConfigRow[] = [];
  for (const row of rows) {
    const creds = row[column];
    if (typeof creds !== "string" || FERNET.test(creds)) {
      ready.push(row);
      continue;
    }
    const object = parseObject(creds);
    if (object === undefined) refusals.push({ table, row: String(row["id"]), why: `${column} is no JSON object` });
    else ready.push({ ...row, [column]: await encryptCreds(keyring, object) });
  }
  return ready;
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

/** Pipelines. One that is there is left as it is. */
export async function takePipelines(
  tx: Transaction,
  found: ConfigDb,
  { isDryRun, isPaused }: ImportOptions,
  refusals: Refusal[],
): Promise<Taken> {
  const table = "pipeline_config";
  // A name that another one's source has here would lend its credentials.
  const refused = (kind: EndpointTable) =>
    new Set(
      refusals.filter((refusal) => refusal.table === kind && refusal.why === TAKEN_ALREADY).map(({ row }) => row),
    );
  const [sources, destinations] = [refused("sources_config"), refused("destinations_config")];
  const rows = withoutDoubles(table, "source_tablename", found.rows[table], refusals).map((row) => ({
    ...row,
    source_name: sources.has(String(row["source_name"])) ? null : (row["source_name"] ?? null),
    destination_name: destinations.has(String(row["destination_name"])) ? null : (row["destination_name"] ?? null),
    ...(isPaused ? { source_to_dl_is_active: false, dl_to_sink_is_active: false } : {}),
  }));
  const states = await askOfEach<{ is_known: boolean }>(
    tx,
    rows,
    columnsOf(table),
    sql`exists (select from pipeline.pipeline_config t where t.source_tablename = r.source_tablename) as is_known`,
  );
  const fresh = rows.filter((_, at) => states[at]?.is_known === false);
  if (!isDryRun) await insertRows(tx, table, fresh, columnsOf(table));
  return { taken: fresh.length, known: rows.length - fresh.length };
}

/** Templates, each as a whole: of one that is another one here, nothing is taken. */
export async function takeTemplates(
  tx: Transaction,
  found: ConfigDb,
  { isDryRun }: ImportOptions,
  refusals: Refusal[],
): Promise<Taken> {
  const table = "pipeline_stages";
  const counts = { taken: 0, known: 0 };
  for (const [name, stages] of Map.groupBy(found.rows[table], (row) => String(row["pipeline_name"]))) {
    await lockSubject(tx, "stageTemplate", name);
    const present = await tx.execute<Record<string, unknown>>(sql`/* import.template */
      select stage_order, stage_type, driver_container, is_active from pipeline.pipeline_stages where pipeline_name = ${name}`);
    const shape = (rows: readonly Readonly<Record<string, unknown>>[]) =>
      JSON.stringify(
        rows
          .map((row) => [Number(row["stage_order"]), row["stage_type"], row["driver_container"], row["is_active"]])
          .toSorted(([one], [other]) => Number(one) - Number(other)),
      );
    if (present.length === 0) {
      if (!isDryRun) await insertRows(tx, table, stages, columnsOf(table));
      counts.taken += stages.length;
    } else if (shape(present) === shape(stages)) {
      counts.known += stages.length;
    } else {
      const why = "the template of that name is another one here, and was left as it is";
      refusals.push({ table, row: name, why, rows: stages.length });
    }
  }
  return counts;
}

/** What the databases hold before anything is measured: the same for Weir and its peers. */
import type { Sql } from "postgres";
import type { PeerDatabase, Stage } from "./stage.ts";

/** Statuses of one file, HL7 files of one log. */
const STATUSES_OF_FILE = 5;
const FILES_OF_LOG = 10;
const DAYS = 30;
const PIECE = 20_000;
/** Documents whose steps are reported. */
export const DOCUMENTS = 1_000;

const logOf = (n: string) =>
  `'/logs/' || to_char(date '2026-01-01' + ((${n}) % ${DAYS})::int, 'YYYYMMDD') || '_' || (${n}) || '.log'`;
const fileOf = (n: string) => `'/staging/' || (${n}) || '.hl7'`;

/** A database of Weir with so many statuses; the service itself makes the tables. */
export function weirDatabase(stage: Stage, statuses: number): Promise<PeerDatabase> {
  return stage.database(`weir_${statuses}`, async (database) => {
    await using _service = await stage.weir(database);
    const { sql } = database;
    const files = statuses / STATUSES_OF_FILE;
    for (let from = 0; from < files; from += PIECE) {
      const to = Math.min(from + PIECE, files) - 1;
      await sql.unsafe(`insert into ingest.hl7_files (hl7_file_path, log_file_path, segment_number)
        select ${fileOf("n")}, ${logOf(`n / ${FILES_OF_LOG}`)}, n % ${FILES_OF_LOG} from generate_series(${from}, ${to}) n`);
    }
    for (let from = 0; from < statuses; from += PIECE) {
      const to = Math.min(from + PIECE, statuses) - 1;
      await sql.unsafe(`insert into ingest.file_statuses (file_path, type, status)
        select ${fileOf(`n % ${files}`)}, 'HL7', (array['staged', 'ingested', 'failed'])[1 + n % 3] from generate_series(${from}, ${to}) n`);
    }
    await sql`insert into documents.files (id, filehash) select n, md5(n::text) from generate_series(1, ${DOCUMENTS}::int) n`;
    await sql`insert into pipeline.pipeline_config (source_tablename) values ('bench')`;
    await sql`insert into pipeline.pipeline_stages (pipeline_name, stage_order, stage_name, stage_type, driver_container)
      values ('default', 1, 'one', 'one', 'bench'), ('default', 2, 'two', 'two', 'bench')`;
    await sql.unsafe("vacuum analyze");
  });
}

/** A database of plain tables for the peers: no triggers, no history beside the state. */
export function peerDatabase(stage: Stage, statuses: number): Promise<PeerDatabase> {
  return stage.database("peers", async ({ sql }) => {
    const files = statuses / STATUSES_OF_FILE;
    await sql.unsafe(`
      create table file_statuses (id bigint generated always as identity primary key, file_path text not null, type text not null,
        status text not null, error_message text, processed_at timestamptz not null default now());
      create index on file_statuses (processed_at desc, id desc);
      create index on file_statuses (file_path);
      create table logs (log_file_path text primary key, date date);
      create index on logs (date desc, log_file_path);
      create table hl7_files (hl7_file_path text not null, log_file_path text not null references logs, segment_number int not null,
        status_id bigint, status text, processed_at timestamptz, primary key (log_file_path, segment_number));
      create index on hl7_files (log_file_path, status);
      create table steps (id bigint generated always as identity primary key, file_id bigint not null, step_name text not null,
        status text not null, started_at timestamptz, completed_at timestamptz, updated_at timestamptz not null default now(),
        unique (file_id, step_name));
      create table logs_of_steps (id bigint generated always as identity primary key, file_id bigint not null, step_name text,
        status text, message text, timestamp timestamptz not null default now());
      create index on logs_of_steps (file_id, timestamp);
      create table stages (id bigint generated always as identity primary key, run_id bigint not null, stage_order int not null,
        status text not null default 'waiting', worker text, lease_expires_at timestamptz, completed_at timestamptz);
      create index on stages (id) where status = 'waiting';
      insert into logs select ${logOf("n")}, date '2026-01-01' + (n % ${DAYS})::int from generate_series(0, ${files / FILES_OF_LOG - 1}) n;
      insert into file_statuses (file_path, type, status)
        select ${fileOf(`n % ${files}`)}, 'HL7', (array['staged', 'ingested', 'failed'])[1 + n % 3] from generate_series(0, ${statuses - 1}) n;
      insert into hl7_files
        select ${fileOf("n")}, ${logOf(`n / ${FILES_OF_LOG}`)}, n % ${FILES_OF_LOG}, n, (array['staged', 'ingested', 'failed'])[1 + n % 3], now()
        from generate_series(0, ${files - 1}) n;`);
    await sql.unsafe("vacuum analyze");
  });
}

/** Runs of two stages each that wait for a driver, as asked for through the API. */
export async function addRuns(sql: Sql, runs: number): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`select set_config('weir.writer', 'api:', true)`;
    await tx`insert into pipeline.pipeline_runs_master (source_tablename) select 'bench' from generate_series(1, ${runs}::int)`;
  });
}

/** The same for the hand-written peer. */
export async function addStages(sql: Sql, stages: number): Promise<void> {
  await sql`insert into stages (run_id, stage_order) select n / 2, n % 2 from generate_series(1, ${stages}::int) n`;
}

/** A change for whoever subscribes to Weir, and to the peers, for whom PostgreSQL tells of it. Parameters: rows, what their paths begin with. */
export const WEIR_CHANGES = `insert into ingest.file_statuses (file_path, type, status)
  select $2 || n, 'HL7', 'staged' from generate_series(1, $1::int) n`;
export const PEER_CHANGES = `with made as (insert into file_statuses (file_path, type, status)
  select $2 || n, 'HL7', 'staged' from generate_series(1, $1::int) n returning *)
  select pg_notify('file_status', row_to_json(made)::text) from made`;

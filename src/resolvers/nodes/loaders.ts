import DataLoader from "dataloader";
import { type Column, getColumns, type SQL, sql } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import { type ApiTokenRow, type AuditRow, apiTokens, audit } from "../../db/access/tables.ts";
import type { Db } from "../../db/client.ts";
import { fileProcessingSteps, type ProcessingLogRow, processingLogs, type StepRow } from "../../db/documents/tables.ts";
import { type FileRow, type FileStatusRow, fileStatuses, files } from "../../db/ingest/tables.ts";
import {
  destinationsConfig,
  type EndpointRow,
  type PipelineStageRow,
  pipelineStages,
  type StageLogRow,
  sourcesConfig,
  stageLogs,
} from "../../db/pipelines/tables.ts";
import {
  cannedReportManifests,
  cannedReports,
  customReportManifests,
  type ReportRunRow,
  reportRuns,
} from "../../db/reports/tables.ts";
import { bigintArray, textArray } from "../batches.ts";
import {
  type CannedManifest,
  type CannedReport,
  type CustomManifest,
  listCannedManifests,
  listCannedReports,
  listCustomManifests,
} from "../reports/manifest-reads.ts";

/** Which row of `hl7_files`. */
interface MappingKey {
  readonly logFilePath: string;
  readonly segmentNumber: number;
}

/** Entities by their ids, those that are loaded by nothing else; null for one that is not there. */
export interface NodeLoaders {
  readonly fileStatus: DataLoader<number, FileStatusRow | null>;
  readonly mapping: DataLoader<MappingKey, FileRow | null, string>;
  readonly source: DataLoader<string, EndpointRow | null>;
  readonly destination: DataLoader<string, EndpointRow | null>;
  readonly pipelineStage: DataLoader<number, PipelineStageRow | null>;
  readonly stageLog: DataLoader<number, StageLogRow | null>;
  readonly step: DataLoader<number, StepRow | null>;
  readonly processingLog: DataLoader<number, ProcessingLogRow | null>;
  readonly reportRun: DataLoader<number, ReportRunRow | null>;
  readonly customManifest: DataLoader<number, CustomManifest | null>;
  readonly cannedReport: DataLoader<number, CannedReport | null>;
  readonly cannedManifest: DataLoader<number, CannedManifest | null>;
  readonly apiToken: DataLoader<number, ApiTokenRow | null>;
  readonly auditEntry: DataLoader<number, AuditRow | null>;
}

export function createNodeLoaders(db: Db): NodeLoaders {
  const numbered = <Row extends { readonly id: number }>(
    name: string,
    table: PgTable & { readonly $inferSelect: Row },
  ) => new DataLoader<number, Row | null>((ids) => rowsById(db, name, table, ids, bigintArray(ids)));
  const named = <Row extends { readonly id: string }>(name: string, table: PgTable & { readonly $inferSelect: Row }) =>
    new DataLoader<string, Row | null>((ids) => rowsById(db, name, table, ids, textArray(ids)));
  return {
    fileStatus: numbered("file_statuses", fileStatuses),
    mapping: new DataLoader((keys) => loadMappings(db, keys), {
      cacheKeyFn: ({ segmentNumber, logFilePath }) => `${segmentNumber} ${logFilePath}`,
    }),
    source: named("sources", sourcesConfig),
    destination: named("destinations", destinationsConfig),
    pipelineStage: numbered("pipeline_stages", pipelineStages),
    stageLog: numbered("stage_logs", stageLogs),
    step: numbered("steps", fileProcessingSteps),
    processingLog: numbered("processing_logs", processingLogs),
    reportRun: numbered("seeder_runs", reportRuns),
    customManifest: new DataLoader((ids) =>
      byId(ids, customReportManifests.id, (where) => listCustomManifests(db, where)),
    ),
    cannedReport: new DataLoader((ids) => byId(ids, cannedReports.id, (where) => listCannedReports(db, where))),
    cannedManifest: new DataLoader((ids) =>
      byId(ids, cannedReportManifests.id, (where) => listCannedManifests(db, where)),
    ),
    apiToken: numbered("api_tokens", apiTokens),
    auditEntry: numbered("audit", audit),
  };
}

/** By the primary key. */
async function rowsById<Id extends string | number, Row extends { readonly id: Id }>(
  db: Db,
  name: string,
  table: PgTable & { readonly $inferSelect: Row },
  ids: readonly Id[],
  wanted: SQL,
): Promise<readonly (Row | null)[]> {
  // drizzle's builder can't relate a table that is a type parameter to the rows that it answers.
  const any: PgTable = table;
  const rows = await db.select().from(any).where(sql`${any}.id = any(${wanted})`).comment(`nodes.${name}`);
  const found = new Map((rows as readonly Row[]).map((row) => [row.id, row]));
  return ids.map((id) => found.get(id) ?? null);
}

async function byId<Row extends { readonly id: number }>(
  ids: readonly number[],
  column: Column,
  read: (where: SQL) => Promise<readonly Row[]>,
): Promise<readonly (Row | null)[]> {
  const rows = await read(sql`${column} = any(${bigintArray(ids)})`);
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => found.get(id) ?? null);
}

async function loadMappings(db: Db, keys: readonly MappingKey[]): Promise<readonly (FileRow | null)[]> {
  const rows = await db
    .select({ at: sql<number>`k.at::integer`, ...getColumns(files) })
    .from(
      sql`unnest(${textArray(keys.map(({ logFilePath }) => logFilePath))}, ${bigintArray(keys.map(({ segmentNumber }) => segmentNumber))})
        with ordinality as k(path, segment, at)`,
    )
    .innerJoin(
      files,
      sql`${files.logPathKey} = weir.path_key(k.path) and ${files.segmentNumber} = k.segment and ${files.logFilePath} = k.path`,
    )
    .comment("nodes.hl7_files");
  const found = new Map(rows.map((row) => [row.at, row]));
  return keys.map((_, at) => found.get(at + 1) ?? null);
}

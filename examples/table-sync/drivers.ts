import { randomUUID } from "node:crypto";
import path from "node:path";
import type { Sql } from "postgres";
import type { ClaimStageMutation } from "../../src/client/gql/graphql.ts";
import { createWeirClient, type WeirClient, WeirError } from "../../src/client/index.ts";
import { type StageOptions, type StageResult, withStage } from "../../src/client/worker.ts";
import { connect } from "./database.ts";
import { CLAIM_STAGE, RUN_FILES, STAGE_WAITING } from "./documents.ts";
import { describeTable, extract } from "./extract.ts";
import { verifyFiles } from "./lake.ts";
import { load } from "./load.ts";

/** The five stages that a pipeline has by default; a driver for each. */
export const STAGES = [
  {
    stageOrder: 1,
    stageName: "Check source driver",
    stageType: "driver_source_to_dl",
    driverContainer: "source_driver",
  },
  {
    stageOrder: 2,
    stageName: "Extract to data lake",
    stageType: "loader_source_to_dl",
    driverContainer: "source_loader",
  },
  { stageOrder: 3, stageName: "Verify files", stageType: "verify_minio", driverContainer: "verifier" },
  { stageOrder: 4, stageName: "Check sink driver", stageType: "driver_dl_to_sink", driverContainer: "sink_driver" },
  { stageOrder: 5, stageName: "Load to sink", stageType: "loader_dl_to_sink", driverContainer: "sink_loader" },
] as const;

const LEASE_SECONDS = 30;

export interface DriverOptions {
  readonly weir: string;
  /** Folder that stands for the data lake. */
  readonly lake: string;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  /** Is told before each stage, and may throw: a mishap on purpose. */
  readonly beforeStage?: (stageType: string) => void;
}

type Claim = NonNullable<ClaimStageMutation["claimStage"]>;
/** Drives all five stages until the signal; what is under way is finished. */
export async function runDrivers(options: DriverOptions): Promise<void> {
  const client = createWeirClient({ url: options.weir, retry: { attempts: 8 } });
  await Promise.all(STAGES.map(({ driverContainer }) => drive(client, driverContainer, options)));
}

async function drive(client: WeirClient, driverContainer: string, options: DriverOptions): Promise<void> {
  const worker = `${driverContainer}-${randomUUID().slice(0, 8)}`;
  const stage = { driverContainer, worker, leaseSeconds: LEASE_SECONDS, claim: CLAIM_STAGE };
  // What waits already comes first; then each stage as it begins to wait.
  const waiting = client.subscribe(STAGE_WAITING, { driverContainer }, { signal: options.signal });
  while ((await waiting.next()).done !== true) {
    while (await execute(client, stage, options)) if (options.signal.aborted) return;
  }
}

/** Executes a stage that waits; answers false when there is none. A failure was reported, unless somebody else has the stage by now. */
async function execute(client: WeirClient, stage: StageOptions<Claim>, options: DriverOptions): Promise<boolean> {
  let name = stage.driverContainer;
  try {
    return await withStage(client, stage, async (claim) => {
      name = `run ${claim.runId} of ${claim.run.sourceTablename}, ${claim.stage.stageType}`;
      options.beforeStage?.(claim.stage.stageType);
      const result = await perform(client, claim, options);
      options.print(`${name}: ${result.rowsProcessed ?? 0} rows`);
      return result;
    });
  } catch (error) {
    if (error instanceof WeirError && error.isPassing) throw error;
    options.print(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    return true;
  }
}

async function perform(client: WeirClient, claim: Claim, { lake }: DriverOptions): Promise<StageResult> {
  const { run, stage, runId } = claim;
  const { pipeline, sourceTablename } = run;
  if (pipeline == null) throw new Error("the pipeline was deleted");
  const sinkTable = pipeline.sinkTablename ?? sourceTablename;
  switch (stage.stageType) {
    case "driver_source_to_dl":
      await withConnection(connect("source", claim.sourceCreds), (sql) => describeTable(sql, sourceTablename));
      return {};
    case "loader_source_to_dl": {
      const { loadType, incrementalKey, lastIncrementalValue } = pipeline.sourceToDl;
      const incremental =
        loadType === "INCREMENTAL" && incrementalKey != null
          ? { key: incrementalKey, after: lastIncrementalValue ?? null }
          : null;
      const folder = path.join(path.resolve(lake), fileName(sourceTablename), runId);
      const extraction = await withConnection(connect("source", claim.sourceCreds), (sql) =>
        extract(sql, { table: sourceTablename, folder, incremental }),
      );
      const { rows, filePaths, watermark } = extraction;
      return { rowsProcessed: rows, filePaths, incrementalValue: watermark };
    }
    case "verify_minio":
      return { rowsProcessed: await verifyFiles(await extractedFiles(client, runId)) };
    case "driver_dl_to_sink":
      await withConnection(connect("destination", claim.destinationCreds), (sql) => sql`select 1`);
      return {};
    case "loader_dl_to_sink": {
      const filePaths = await extractedFiles(client, runId);
      const isFull = pipeline.dlToSink.loadType === "FULL";
      const rows = await withConnection(connect("destination", claim.destinationCreds), (sql) =>
        load(sql, { table: sinkTable, filePaths, isFull }),
      );
      return { rowsProcessed: rows };
    }
    default:
      throw new Error(`no driver here knows the stage type ${stage.stageType}`);
  }
}

async function withConnection<Answer>(sql: Sql, work: (sql: Sql) => Promise<Answer>): Promise<Answer> {
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** The files that the extraction of this run wrote, or of the run that it is a retry of. */
async function extractedFiles(client: WeirClient, runId: string): Promise<readonly string[]> {
  for (let id: string | undefined = runId; id !== undefined; ) {
    const answer: Awaited<ReturnType<typeof filesOf>> = await filesOf(client, id);
    if (answer.filePaths !== undefined) return answer.filePaths;
    id = answer.retryOf;
  }
  throw new Error("no extraction of this run is known");
}

async function filesOf(client: WeirClient, id: string) {
  const { run } = await client.request(RUN_FILES, { id });
  const log = run?.stages.find(({ stageType }) => stageType === "loader_source_to_dl")?.log;
  return { filePaths: log?.status === "SUCCESS" ? log.filePaths : undefined, retryOf: run?.retryOf?.id };
}

/** A table's name as that of a folder. */
function fileName(table: string): string {
  return table.replaceAll(/[^\w.-]/g, "_");
}

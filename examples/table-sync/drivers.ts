import { randomUUID } from "node:crypto";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Sql } from "postgres";
import type { ClaimStageMutation } from "../../src/client/gql/graphql.ts";
import { createWeirClient, type WeirClient, WeirError } from "../../src/client/index.ts";
import { connect } from "./database.ts";
import { CLAIM_STAGE, COMPLETE_STAGE, FAIL_STAGE, HEARTBEAT_STAGE, RUN_FILES, STAGE_WAITING } from "./documents.ts";
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
interface Result {
  readonly rowsProcessed?: number;
  readonly filePaths?: readonly string[];
  readonly incrementalValue?: string | null;
}

/** Drives all five stages until the signal; what is under way is finished. */
export async function runDrivers(options: DriverOptions): Promise<void> {
  const client = createWeirClient({ url: options.weir, retry: { attempts: 8 } });
  await Promise.all(STAGES.map(({ driverContainer }) => drive(client, driverContainer, options)));
}

async function drive(client: WeirClient, driverContainer: string, options: DriverOptions): Promise<void> {
  const worker = `${driverContainer}-${randomUUID().slice(0, 8)}`;
  const claim = async () =>
    (await client.request(CLAIM_STAGE, { driverContainer, worker, leaseSeconds: LEASE_SECONDS })).claimStage;
  // What waits already comes first; then each stage as it begins to wait.
  const waiting = client.subscribe(STAGE_WAITING, { driverContainer }, { signal: options.signal });
  while ((await waiting.next()).done !== true) {
    for (let next = await claim(); next != null; next = await claim()) {
      await execute(client, next, worker, options);
      if (options.signal.aborted) return;
    }
  }
}

/** Executes one stage and reports how it ended. Nothing is reported of a stage that somebody else has by now. */
async function execute(client: WeirClient, claim: Claim, worker: string, options: DriverOptions): Promise<void> {
  const { runId, stageOrder, run, stage } = claim;
  const name = `run ${runId} of ${run.sourceTablename}, ${stage.stageType}`;
  const lost = new AbortController();
  const done = new AbortController();
  const beats = beat(client, { runId, stageOrder, worker, leaseSeconds: LEASE_SECONDS }, lost, done.signal);
  try {
    options.beforeStage?.(stage.stageType);
    const input = await Promise.race([perform(client, claim, options), aborted(lost.signal)]);
    await client.request(COMPLETE_STAGE, { runId, stageOrder, worker, input });
    options.print(`${name}: ${input.rowsProcessed ?? 0} rows`);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    options.print(`${name}: ${message}`);
    if (!lost.signal.aborted && !isRefusal(error)) {
      await client.request(FAIL_STAGE, { runId, stageOrder, worker, errorMessage: message });
    }
  } finally {
    done.abort();
    await beats;
  }
}

/** Extends the lease at a third of its time; `lost` is aborted when it is not ours any more. */
async function beat(
  client: WeirClient,
  lease: { runId: string; stageOrder: number; worker: string; leaseSeconds: number },
  lost: AbortController,
  done: AbortSignal,
): Promise<void> {
  while (!done.aborted) {
    await sleep((LEASE_SECONDS * 1_000) / 3, undefined, { signal: done }).catch(() => {});
    if (done.aborted) return;
    try {
      await client.request(HEARTBEAT_STAGE, lease);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      lost.abort(error);
      return;
    }
  }
}

/** The run was cancelled, or the stage is in other hands. */
function isRefusal(error: unknown): boolean {
  return error instanceof WeirError && (error.code === "INVALID_TRANSITION" || error.code === "CONFLICT");
}

async function aborted(signal: AbortSignal): Promise<never> {
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  throw signal.reason;
}

async function perform(client: WeirClient, claim: Claim, { lake }: DriverOptions): Promise<Result> {
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

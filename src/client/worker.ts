/** What a worker does around its work: it says when that begins, that it goes on, how it ended and why it failed. */
import type { WeirClient } from "./client.ts";
import type { Sendable } from "./document.ts";
import { WeirError } from "./error.ts";
import { newKey } from "./key.ts";

export { createReporter, type FileStatusReport, type Reporter, type ReporterOptions } from "./reporter.ts";

/** Characters of an error that are reported. */
const LONGEST_MESSAGE = 2_000;

/** Thrown by work that is not needed here; the message is the reason. A step is reported as skipped then. */
export class Skipped extends Error {}

export interface StageOptions<Claim> {
  readonly driverContainer: string;
  /** A name that no other driver has. */
  readonly worker: string;
  /** Seconds after which the stage is another driver's, unless this one has said that it goes on; it does so at each third. Default 60. */
  readonly leaseSeconds?: number;
  /** What to learn of the stage: a mutation `claimStage` with the variables driverContainer, worker and leaseSeconds. */
  readonly claim?: Sendable<{ readonly claimStage?: Claim | null | undefined }, StageVariables>;
}

export interface StageVariables {
  driverContainer: string;
  worker: string;
  leaseSeconds: number;
}

/** What can be said of every stage. */
export interface ClaimedStage {
  readonly runId: string;
  readonly stageOrder: number;
}

/** What a stage came to; absent: nothing to say. */
export interface StageResult {
  readonly rowsProcessed?: number;
  readonly filePaths?: readonly string[];
  /** The watermark that was reached. */
  readonly incrementalValue?: string | null;
}

const CLAIM = `mutation ($driverContainer: String!, $worker: String!, $leaseSeconds: Int!) {
  claimStage(driverContainer: $driverContainer, worker: $worker, leaseSeconds: $leaseSeconds) {
    runId stageOrder stage { stageName stageType } sourceCreds destinationCreds run { sourceTablename } } }`;
const HEARTBEAT = `mutation ($runId: ID!, $stageOrder: Int!, $worker: String!, $leaseSeconds: Int!) {
  heartbeatStage(runId: $runId, stageOrder: $stageOrder, worker: $worker, leaseSeconds: $leaseSeconds) { leaseExpiresAt } }`;
const COMPLETE = `mutation ($runId: ID!, $stageOrder: Int!, $worker: String!, $input: CompleteStageInput) {
  completeStage(runId: $runId, stageOrder: $stageOrder, worker: $worker, input: $input) { status } }`;
const FAIL = `mutation ($runId: ID!, $stageOrder: Int!, $worker: String!, $errorMessage: String!) {
  failStage(runId: $runId, stageOrder: $stageOrder, worker: $worker, errorMessage: $errorMessage) { status } }`;

/**
 * Takes a stage that waits, and does it: extends the lease meanwhile, and reports how it ended. Answers false when none waited.
 *
 * `signal` is aborted when the run was cancelled or the stage is in other hands: then nothing is reported. Throws what the work
 * throws, when that was reported, and the {@link WeirError} that says why the stage was lost, or that its end could not be reported: what
 * was done is done again by whoever takes the stage when the lease has ended.
 */
export async function withStage<Claim extends ClaimedStage>(
  client: WeirClient,
  { driverContainer, worker, leaseSeconds = 60, claim }: StageOptions<Claim>,
  work: (claim: Claim, signal: AbortSignal) => Promise<StageResult | undefined>,
): Promise<boolean> {
  const variables: StageVariables = { driverContainer, worker, leaseSeconds };
  const document = claim ?? CLAIM;
  const answer = await client.request<{ readonly claimStage?: Claim | null | undefined }, StageVariables>(
    document,
    variables,
  );
  const claimed = answer.claimStage;
  if (claimed == null) return false;
  const { runId, stageOrder } = claimed;
  const lost = new AbortController();
  const beats = setInterval(
    () => {
      client
        .request(HEARTBEAT, { runId, stageOrder, worker, leaseSeconds }, { isRepeatable: true })
        .catch((error: unknown) => {
          // Whatever else goes wrong may pass before the lease does.
          if (isRefusal(error)) lost.abort(error);
        });
    },
    (leaseSeconds * 1_000) / 3,
  );
  const sent = { isRepeatable: true };
  try {
    let input: StageResult;
    try {
      input = (await Promise.race([work(claimed, lost.signal), aborted(lost.signal)])) ?? {};
    } catch (error) {
      if (!lost.signal.aborted)
        await client.request(FAIL, { runId, stageOrder, worker, errorMessage: messageOf(error) }, sent);
      throw error;
    }
    // Not within: work that was done does not fail because nobody could be told of it.
    await client.request(COMPLETE, { runId, stageOrder, worker, input }, sent);
  } finally {
    clearInterval(beats);
  }
  return true;
}

/** The run was cancelled, or the stage is in other hands. */
function isRefusal(error: unknown): boolean {
  return error instanceof WeirError && (error.code === "INVALID_TRANSITION" || error.code === "CONFLICT");
}

async function aborted(signal: AbortSignal): Promise<never> {
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  throw signal.reason;
}

export interface StepOptions {
  readonly fileId: string;
  readonly stepName: string;
  /** Of the worker's task, for its log. */
  readonly taskId?: string;
  /** Told with the start, like "Attempt 2". */
  readonly message?: string;
}

const STEP = `mutation ($input: UpdateStepStatusInput!, $idempotencyKey: String) {
  updateStepStatus(input: $input, idempotencyKey: $idempotencyKey) { id } }`;

/**
 * Does a step of a document, and reports its start and its end; answers what the work does, undefined where it throws
 * {@link Skipped}. Throws what the work throws, when that was reported.
 */
export async function withStep<Result>(
  client: WeirClient,
  { fileId, stepName, taskId, message }: StepOptions,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  const of = { fileId, stepName, ...(taskId === undefined ? {} : { taskId }) };
  const report = (status: string, more: object = {}) => client.mutate(STEP, { input: { ...of, status, ...more } });
  await report("IN_PROGRESS", message === undefined ? {} : { message });
  let result: Result;
  try {
    result = await work();
  } catch (error) {
    await report(error instanceof Skipped ? "SKIPPED" : "FAILURE", { errorMessage: messageOf(error) });
    if (error instanceof Skipped) return undefined;
    throw error;
  }
  await report("SUCCESS");
  return result;
}

/** What was measured of a report's refresh; absent: not measured. */
export interface ReportMetrics {
  readonly recordsProcessed?: number;
  readonly bytesProcessed?: number;
  readonly memoryUsageMb?: number;
  readonly cpuPercentage?: number;
}

const START_RUN = `mutation ($tableName: String!, $runId: String!) { startSeederRun(tableName: $tableName, runId: $runId) { runId } }`;
const FINISH_RUN = `mutation ($runId: String!, $input: FinishSeederRunInput) { finishSeederRun(runId: $runId, input: $input) { status } }`;
const FAIL_RUN = `mutation ($runId: String!, $errors: String!) { failSeederRun(runId: $runId, errors: $errors) { status } }`;

/** Refreshes a report's table, and reports the run's start and its end. Answers the run's id. Throws what the work throws, when that was reported. */
export async function withReport(
  client: WeirClient,
  tableName: string,
  work: () => Promise<ReportMetrics | undefined>,
): Promise<string> {
  // An id of ours: whatever is sent again is of the same run.
  const runId = newKey();
  const sent = { isRepeatable: true };
  await client.request(START_RUN, { tableName, runId }, sent);
  let input: ReportMetrics;
  try {
    input = (await work()) ?? {};
  } catch (error) {
    await client.request(FAIL_RUN, { runId, errors: messageOf(error) }, sent);
    throw error;
  }
  await client.request(FINISH_RUN, { runId, input }, sent);
  return runId;
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // Half of a pair of surrogates can't be sent.
  return (message.trim() === "" ? "failed without a message" : message).slice(0, LONGEST_MESSAGE).toWellFormed();
}

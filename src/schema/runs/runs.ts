import { type RunRow, type StageLogRow, type StageOfRun, secondsOf } from "../../db/pipelines/tables.ts";
import { userError } from "../../resolvers/errors.ts";
import * as runs from "../../resolvers/runs/runs.ts";
import { builder } from "../builder.ts";
import { connectionOf, pageArgs } from "../connections.ts";
import { Node } from "../node.ts";
import { Pipeline, RunStatus } from "../pipelines/pipelines.ts";
import { UNKNOWN_VALUE } from "../words.ts";

export const StageStatus = builder.enumType("StageStatus", {
  description: "How far a stage of a run has come.",
  values: {
    RUNNING: { value: "running", description: "It has started." },
    SUCCESS: { value: "success", description: "It is done." },
    FAILED: { value: "failed", description: "It failed; see errorMessage." },
    CANCELLED: { value: "cancelled", description: "The run was cancelled while it ran." },
    UNKNOWN: UNKNOWN_VALUE,
  } as const,
});

export const TriggeredBy = builder.enumType("TriggeredBy", {
  description: "Who asked for a run.",
  values: {
    MANUAL: { value: "manual", description: "A person." },
    SCHEDULE: { value: "schedule", description: "The scheduler." },
    API: { value: "api", description: "A program." },
    UNKNOWN: UNKNOWN_VALUE,
  } as const,
});

export const Run = builder.objectRef<RunRow>("Run");
export const RunStageLog = builder.objectRef<StageLogRow>("RunStageLog");
export const RunStageLogConnection = connectionOf("RunStageLog", RunStageLog);
const RunConnection = connectionOf("Run", Run);

/** Seconds between two instants, to the microsecond; null where a program stored one that is none (`infinity`). */
function secondsBetween(from: string, to: string): number | null {
  const micros = (instant: string) =>
    Date.parse(instant.slice(0, 19).concat("Z")) * 1_000 + Number(instant.slice(20, 26));
  const seconds = (micros(to) - micros(from)) / 1e6;
  return Number.isFinite(seconds) ? seconds : null;
}

/** Of a stage: by its two instants, else as its writer wrote it. */
function stageSeconds({ startedAt, completedAt, timeTaken }: StageLogRow): number | null {
  return completedAt === null ? secondsOf(timeTaken) : secondsBetween(startedAt, completedAt);
}

RunStageLog.implement({
  description: "What happened to a stage of a run.",
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID("id", { description: "Unique." }),
    runId: t.exposeID("pipelineRunId", {
      description: "Its run; a log that a program stores without one makes a run of one stage.",
    }),
    originId: t.exposeString("originId", {
      nullable: true,
      description: "Its id in the config.db that it was imported from; null when it comes from none.",
    }),
    pipelineType: t.exposeString("pipelineType", {
      nullable: true,
      description: "The stage's type, or the leg that a driver loads; null where a program did not say.",
    }),
    run: t.field({
      type: Run,
      description: "Its run as it is now.",
      resolve: async ({ pipelineRunId }, _args, context) => {
        const run = await runs.runByNumber(context, pipelineRunId);
        if (run === null) throw userError("NOT_FOUND", `The run ${pipelineRunId} is not there any more.`);
        return run;
      },
    }),
    stageOrder: t.exposeInt("stageOrder", { description: "Which stage of the run, from 1." }),
    status: t.expose("knownStatus", { type: StageStatus, description: "How far it has come." }),
    statusText: t.exposeString("status", { description: "The status as it was stored, in the program's own word." }),
    rowsProcessed: t.expose("rowsProcessed", {
      type: "SafeInt",
      nullable: true,
      description: "Rows that it moved; null when its driver did not say, or it is not done.",
    }),
    filePaths: t.stringList({
      description: "Files that it wrote; empty for none.",
      resolve: ({ filePaths }) => (filePaths === null || filePaths === "" ? [] : filePaths.split(",")),
    }),
    durationSeconds: t.float({
      nullable: true,
      description: "How long it took, in seconds; null while it runs.",
      resolve: stageSeconds,
    }),
    startedAt: t.expose("startedAt", { type: "DateTime", description: "When it started." }),
    completedAt: t.expose("completedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it ended; null while it runs, and where a program stored only how long it took.",
    }),
    errorMessage: t.exposeString("errorMessage", {
      nullable: true,
      description: "Why it failed or was cancelled; null when it was not.",
    }),
    leaseExpiresAt: t.expose("leaseExpiresAt", {
      type: "DateTime",
      nullable: true,
      description:
        "Until when its driver has it, unless a heartbeat comes before; null when it does not run, and where nobody leases it.",
    }),
    worker: t.exposeString("worker", {
      nullable: true,
      description: "The driver that has it, or had it; null when none said so, or its lease ran out.",
    }),
  }),
});

interface RunStageRow {
  readonly run: RunRow;
  readonly stage: StageOfRun;
  readonly log: StageLogRow | null;
}

export const RunStage = builder.objectRef<RunStageRow>("RunStage").implement({
  description: "A stage of a run, as its template was when the run was made.",
  fields: (t) => ({
    stageOrder: t.int({ description: "Its place, from 1.", resolve: ({ stage }) => stage.stage_order }),
    stageName: t.string({ description: "What people call it.", resolve: ({ stage }) => stage.stage_name }),
    stageType: t.string({ description: "What it is for the system.", resolve: ({ stage }) => stage.stage_type }),
    driverContainer: t.string({
      description: "Which drivers execute it.",
      resolve: ({ stage }) => stage.driver_container,
    }),
    log: t.field({
      type: RunStageLog,
      nullable: true,
      description: "What happened to it; null when the run has not reached it.",
      resolve: ({ log }) => log,
    }),
  }),
});

Run.implement({
  description: "One execution of a pipeline.",
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID("id", { description: "Unique; a later run has a greater one." }),
    originId: t.exposeString("originId", {
      nullable: true,
      description: "Its id in the config.db that it was imported from; null when it comes from none.",
    }),
    sourceTablename: t.exposeString("sourceTablename", {
      description: "The pipeline's source table; empty where a program's log named neither its run nor its table.",
    }),
    pipeline: t.field({
      type: Pipeline,
      nullable: true,
      description: "The pipeline; null when it was deleted since, or the run names none.",
      resolve: (row, _args, context) => runs.pipelineOfRun(context, row),
    }),
    pipelineName: t.exposeString("pipelineName", { description: "Name of its stage template." }),
    status: t.expose("knownStatus", { type: RunStatus, description: "How far it has come." }),
    statusText: t.exposeString("status", { description: "The status as it was stored, in the program's own word." }),
    currentStage: t.int({
      description: "How many of its stages were started: the place of the last one among them, from 1; 0: none yet.",
      resolve: ({ currentStage, stages }) =>
        stages.length === 0 ? currentStage : stages.filter(({ stage_order }) => stage_order <= currentStage).length,
    }),
    totalStages: t.exposeInt("totalStages", { description: "How many stages it has." }),
    triggeredBy: t.expose("knownTriggeredBy", { type: TriggeredBy, description: "Who asked for it." }),
    triggeredByText: t.exposeString("triggeredBy", {
      description: "Who asked for it as it was stored, in the program's own word.",
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When the run was asked for." }),
    startedAt: t.expose("startedAt", {
      type: "DateTime",
      nullable: true,
      description: "When its first stage started; null: none has.",
    }),
    completedAt: t.expose("completedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it ended; null: it has not.",
    }),
    durationSeconds: t.float({
      nullable: true,
      description: "From its start to its end, in seconds; null while it goes on.",
      resolve: ({ startedAt, completedAt }) =>
        startedAt === null || completedAt === null ? null : secondsBetween(startedAt, completedAt),
    }),
    errorMessage: t.exposeString("errorMessage", {
      nullable: true,
      description: "Why it failed or was cancelled; null when it was not.",
    }),
    stages: t.field({
      type: [RunStage],
      description: "Stages of the template with what happened to each so far; log is null for a stage not reached.",
      resolve: async (run, _args, context) => {
        const logs = await runs.stageLogsOf(context, run.id);
        return run.stages.map((stage) => ({
          run,
          stage,
          log: logs.find(({ stageOrder }) => stageOrder === stage.stage_order) ?? null,
        }));
      },
    }),
    rowsProcessed: t.field({
      type: "SafeInt",
      description: "Sum over its stages.",
      resolve: async ({ id }, _args, context) => {
        const logs = await runs.stageLogsOf(context, id);
        return logs.reduce((sum, { rowsProcessed }) => sum + (rowsProcessed ?? 0), 0);
      },
    }),
    isLongRunning: t.boolean({
      description:
        "Running for longer than WEIR_LONG_RUNNING_MINUTES, and than twice the median of its pipeline's last 20 successful runs.",
      resolve: (row, _args, context) => runs.isLongRunning(context, row),
    }),
    retryOf: t.field({
      type: Run,
      nullable: true,
      description: "The failed or cancelled run that it goes on for; null when it is no retry.",
      resolve: ({ retryOf }, _args, context) => (retryOf === null ? null : runs.runByNumber(context, retryOf)),
    }),
  }),
});

export const RunFilter = builder.inputType("RunFilter", {
  description: "Runs that meet all that is given; null asks nothing.",
  fields: (t) => ({
    id: t.id({ description: "This run." }),
    sourceTablename: t.string({ description: "Of this pipeline." }),
    pipelineName: t.string({ description: "With this template." }),
    status: t.field({ type: [RunStatus], description: "In one of these states." }),
    triggeredBy: t.field({ type: [TriggeredBy], description: "Asked for by one of these." }),
    startedAfter: t.field({ type: "DateTime", description: "Started after this instant." }),
    startedBefore: t.field({ type: "DateTime", description: "Started before this instant." }),
    isLongRunning: t.boolean({
      description: "Running for longer than usual, or not. Refused in subscriptions: it comes about by the clock.",
    }),
    errorContains: t.string({
      description: "That failed with this text in their error, in any case: of the newest 20,000 that failed.",
    }),
  }),
});

builder.objectFields(Pipeline, (t) => ({
  runs: t.field({
    type: RunConnection,
    args: { filter: t.arg({ type: RunFilter, description: "Which ones; null: all." }), ...pageArgs },
    description: "Its runs, newest first.",
    resolve: ({ sourceTablename }, args, context) => runs.runsOf(context, sourceTablename, args),
  }),
  latestRun: t.field({
    type: Run,
    nullable: true,
    description: "The run that was asked for last; null when there was none.",
    resolve: ({ sourceTablename }, _args, context) => runs.latestRunOf(context, sourceTablename),
  }),
}));

builder.queryFields((t) => ({
  run: t.field({
    type: Run,
    nullable: true,
    authScopes: { role: "VIEWER", system: "pipelines" },
    args: { id: t.arg.id({ required: true, description: "Its id." }) },
    description: "One run; null when there is none of that id. Role: VIEWER.",
    resolve: (_root, { id }, context) => runs.run(context, id),
  }),
  runs: t.field({
    type: RunConnection,
    authScopes: { role: "VIEWER", system: "pipelines" },
    args: { filter: t.arg({ type: RunFilter, description: "Which ones; null: all." }), ...pageArgs },
    description: "Runs, newest first. Role: VIEWER. Errors: BAD_USER_INPUT.",
    resolve: (_root, args, context) => runs.runs(context, args),
  }),
}));

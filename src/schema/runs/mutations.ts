import { claimedCreds, claimStage, claimStages, heartbeatStage, type StageClaim } from "../../resolvers/runs/claims.ts";
import * as moves from "../../resolvers/runs/moves.ts";
import { stageOf, templateRow } from "../../resolvers/runs/state.ts";
import { builder } from "../builder.ts";
import { PipelineStage } from "../pipelines/pipelines.ts";
import { Run, RunStageLog, TriggeredBy } from "./runs.ts";

const CompleteStageInput = builder.inputType("CompleteStageInput", {
  description: "What a stage achieved.",
  fields: (t) => ({
    rowsProcessed: t.field({ type: "SafeInt", description: "Rows that it moved; null: not known." }),
    filePaths: t.stringList({ description: "Files that it wrote, without commas in their paths; null: none." }),
    incrementalValue: t.string({
      description:
        "New watermark of the leg this stage loads; stored only when the run succeeds, and only if it is beyond the old one. Null: nothing new.",
    }),
  }),
});

const StageClaimRef = builder.objectRef<StageClaim>("StageClaim").implement({
  description: "A stage in the hands of a driver, until its lease expires.",
  fields: (t) => ({
    runId: t.id({ description: "The run.", resolve: ({ run }) => run.id }),
    run: t.field({ type: Run, description: "The run.", resolve: ({ run }) => run }),
    stageOrder: t.int({ description: "Which stage of the run, from 1.", resolve: ({ log }) => log.stageOrder }),
    stage: t.field({
      type: PipelineStage,
      description: "The stage as the run keeps it.",
      resolve: ({ run, log }) => templateRow(stageOf(run, log.stageOrder)),
    }),
    worker: t.string({ description: "Who holds it.", resolve: ({ log }) => log.worker }),
    leaseExpiresAt: t.field({
      type: "DateTime",
      description: "Until when, unless a heartbeat comes before.",
      resolve: ({ log }) => log.leaseExpiresAt,
    }),
    sourceCreds: t.field({
      type: "JSONObject",
      nullable: true,
      description:
        "Decrypted credentials of the pipeline's source, told by claimStage alone; null when it names none, and by heartbeatStage. Errors: CONFLICT when the service lacks their key.",
      resolve: (claim, _args, context) => claimedCreds(context, claim, "source"),
    }),
    destinationCreds: t.field({
      type: "JSONObject",
      nullable: true,
      description:
        "Decrypted credentials of the pipeline's destination, told by claimStage alone; null when it names none, and by heartbeatStage. Errors: CONFLICT when the service lacks their key.",
      resolve: (claim, _args, context) => claimedCreds(context, claim, "destination"),
    }),
  }),
});

builder.mutationFields((t) => {
  const runId = t.arg.id({ required: true, description: "The run." });
  const stageOrder = t.arg.int({ required: true, description: "Which stage of the run, from 1." });
  const worker = t.arg.string({ required: true, description: "Who asks: a name that no other driver has." });
  const holder = t.arg.string({
    description: "Who reports; when given, it must hold the stage. Null: not checked.",
  });
  const leaseSeconds = t.arg.int({
    required: true,
    defaultValue: 60,
    description: "Seconds from now until the lease expires, 1 to 86400.",
  });
  return {
    triggerRun: t.field({
      type: Run,
      authScopes: { role: "WORKER", system: "pipelines" },
      args: {
        sourceTablename: t.arg.string({ required: true, description: "The pipeline's source table." }),
        pipelineName: t.arg.string({ required: true, defaultValue: "default", description: "The stage template." }),
        triggeredBy: t.arg({ type: TriggeredBy, required: true, defaultValue: "api", description: "Who asks." }),
        allowParallel: t.arg.boolean({
          required: true,
          defaultValue: false,
          description: "True: also while a run of the pipeline is under way.",
        }),
        idempotencyKey: t.arg.string({
          description: "A repeated request with the same key is answered with the same run; null: each one is a run.",
        }),
      },
      description:
        "Asks for a run, whose first stage then waits for a driver. Role: WORKER. Errors: NOT_FOUND for an unknown pipeline or a template without stages, CONFLICT while a run of the pipeline is under way, unless allowParallel.",
      resolve: (_root, args, context) => moves.triggerRun(context, args),
    }),
    startStage: t.field({
      type: RunStageLog,
      authScopes: { role: "WORKER", system: "pipelines" },
      args: { runId, stageOrder },
      description:
        "Starts the stage that is next. One that runs already is answered as it is. Role: WORKER. Errors: NOT_FOUND, INVALID_TRANSITION.",
      resolve: (_root, args, context) => moves.startStage(context, args.runId, args.stageOrder),
    }),
    completeStage: t.field({
      type: RunStageLog,
      authScopes: { role: "WORKER", system: "pipelines" },
      args: {
        runId,
        stageOrder,
        input: t.arg({ type: CompleteStageInput, description: "What it achieved; null: nothing to tell." }),
        worker: holder,
      },
      description:
        "Ends a running stage well; the last one ends the run. One that succeeded already is answered as it is. Role: WORKER. Errors: NOT_FOUND, INVALID_TRANSITION, CONFLICT, BAD_USER_INPUT.",
      resolve: (_root, args, context) =>
        moves.completeStage(context, args.runId, args.stageOrder, args.input ?? {}, args.worker ?? null),
    }),
    failStage: t.field({
      type: RunStageLog,
      authScopes: { role: "WORKER", system: "pipelines" },
      args: {
        runId,
        stageOrder,
        errorMessage: t.arg.string({ required: true, description: "Why; shown as the run's error as well." }),
        worker: holder,
      },
      description:
        "Fails a running stage, and the run with it. One that failed already is answered as it is. Role: WORKER. Errors: NOT_FOUND, INVALID_TRANSITION, CONFLICT, BAD_USER_INPUT.",
      resolve: (_root, args, context) =>
        moves.failStage(context, args.runId, args.stageOrder, args.errorMessage, args.worker ?? null),
    }),
    cancelRun: t.field({
      type: Run,
      authScopes: { role: "WORKER", system: "pipelines" },
      args: {
        id: t.arg.id({ required: true, description: "The run." }),
        reason: t.arg.string({ description: "Shown as the run's error; null: none." }),
      },
      description:
        "Ends a run that is not finished; the driver of its running stage learns it at the next heartbeat. A cancelled one is answered as it is. Role: WORKER. Errors: NOT_FOUND, INVALID_TRANSITION.",
      resolve: (_root, { id, reason }, context) => moves.cancelRun(context, id, reason ?? null),
    }),
    retryRun: t.field({
      type: Run,
      authScopes: { role: "WORKER", system: "pipelines" },
      args: { id: t.arg.id({ required: true, description: "A failed or cancelled run." }) },
      description:
        "A new run of the same pipeline that starts at the stage that failed; the failed run stays as it is. A retry that is not finished is answered instead of a second one. Role: WORKER. Errors: NOT_FOUND, INVALID_TRANSITION, also when a retry of it has succeeded.",
      resolve: (_root, { id }, context) => moves.retryRun(context, id),
    }),
    claimStage: t.field({
      type: StageClaimRef,
      nullable: true,
      authScopes: { role: "WORKER", system: "pipelines" },
      args: {
        driverContainer: t.arg.string({ required: true, description: "Takes only stages for this container." }),
        worker,
        leaseSeconds,
      },
      description:
        "Takes the next stage that waits for this driver container, or null. The lease is lost when heartbeats stop: the stage waits once more, and fails when that lease is lost too. Role: WORKER. Errors: BAD_USER_INPUT.",
      resolve: (_root, args, context) => claimStage(context, args.driverContainer, args.worker, args.leaseSeconds),
    }),
    claimStages: t.field({
      type: [StageClaimRef],
      authScopes: { role: "WORKER", system: "pipelines" },
      args: {
        driverContainer: t.arg.string({ required: true, description: "Takes only stages for this container." }),
        worker,
        leaseSeconds,
        limit: t.arg.int({ required: true, defaultValue: 10, description: "Most stages that are taken, 1 to 100." }),
      },
      description:
        "Takes up to limit stages that wait for this driver container, those of the oldest runs first; none: an empty list. Each has a lease of its own. Role: WORKER. Errors: BAD_USER_INPUT.",
      resolve: async (_root, args, context) => [
        ...(await claimStages(context, args.driverContainer, args.worker, args.leaseSeconds, args.limit)),
      ],
    }),
    heartbeatStage: t.field({
      type: StageClaimRef,
      authScopes: { role: "WORKER", system: "pipelines" },
      args: { runId, stageOrder, worker, leaseSeconds },
      description:
        "Extends the lease. Role: WORKER. Errors: INVALID_TRANSITION when the run was cancelled or has ended, CONFLICT when the lease ran out or was another one's: stop the work then.",
      resolve: (_root, args, context) =>
        heartbeatStage(context, args.runId, args.stageOrder, args.worker, args.leaseSeconds),
    }),
  };
});

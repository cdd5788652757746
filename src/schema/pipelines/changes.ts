import type { Delivery } from "../../feed/delivery.ts";
import { changeSource, rowOf } from "../../resolvers/changes.ts";
import { pipelineChanges } from "../../resolvers/pipelines/pipelines.ts";
import { runChanges, stageChanges, waitingChanges } from "../../resolvers/runs/reads.ts";
import { builder } from "../builder.ts";
import { afterArg, Change, snapshotArg } from "../changes.ts";
import { Run, RunFilter, RunStageLog } from "../runs/runs.ts";
import { Pipeline } from "./pipelines.ts";

const PipelineChange = builder.objectRef<Delivery>("PipelineChange").implement({
  description: "A pipeline was created, configured, stamped by a run's end, or deleted.",
  interfaces: [Change],
  fields: (t) => ({
    pipeline: t.field({
      type: Pipeline,
      description: "The pipeline as of the change.",
      resolve: (delivery) => rowOf("PIPELINE", delivery),
    }),
  }),
});

const RunChange = builder.objectRef<Delivery>("RunChange").implement({
  description: "A run was asked for, or moved on.",
  interfaces: [Change],
  fields: (t) => ({
    run: t.field({
      type: Run,
      description: "The run as of the change; its stages as they are now.",
      resolve: (delivery) => rowOf("RUN", delivery),
    }),
  }),
});

const StageWaitingChange = builder.objectRef<Delivery>("StageWaitingChange").implement({
  description: "A stage of a run waits for a driver. Others may be quicker to claim it.",
  interfaces: [Change],
  fields: (t) => ({
    run: t.field({ type: Run, description: "The run.", resolve: (delivery) => rowOf("RUN", delivery) }),
    stageOrder: t.int({
      description: "Which stage of the run waits.",
      resolve: (delivery) => rowOf("RUN", delivery).nextStage ?? 0,
    }),
  }),
});

const RunStageChange = builder.objectRef<Delivery>("RunStageChange").implement({
  description: "A stage of a run started, or ended.",
  interfaces: [Change],
  fields: (t) => ({
    stageLog: t.field({
      type: RunStageLog,
      description: "The stage's log as of the change.",
      resolve: (delivery) => rowOf("RUN_STAGE", delivery),
    }),
  }),
});

const errors = "Role: VIEWER. Errors: CURSOR_EXPIRED, BAD_USER_INPUT.";

builder.subscriptionFields((t) => ({
  pipelineChanged: t.field({
    type: PipelineChange,
    authScopes: { role: "VIEWER", system: "pipelines" },
    args: {
      sourceTablename: t.arg.string({ description: "Of this pipeline only; null: of all." }),
      after: afterArg(t),
      snapshot: snapshotArg(t),
    },
    description: `Changes of pipelines. ${errors}`,
    subscribe: (_root, args, context) => changeSource(context, pipelineChanges(args.sourceTablename), args),
    resolve: (delivery) => delivery,
  }),
  runChanged: t.field({
    type: RunChange,
    authScopes: { role: "VIEWER", system: "pipelines" },
    args: {
      filter: t.arg({ type: RunFilter, description: "Only runs that meet it as of the change; null: all." }),
      after: afterArg(t),
      snapshot: snapshotArg(t),
    },
    description: `Every move of runs. ${errors}`,
    subscribe: (_root, args, context) => changeSource(context, runChanges(args.filter ?? {}), args),
    resolve: (delivery) => delivery,
  }),
  stageWaiting: t.field({
    type: StageWaitingChange,
    authScopes: { role: "WORKER", system: "pipelines" },
    args: {
      driverContainer: t.arg.string({ required: true, description: "Only stages for this container." }),
      after: afterArg(t),
      snapshot: snapshotArg(t),
    },
    description:
      "Tells drivers of work, in place of polling: each run whose stage begins to wait for the container, with snapshot: true also those that wait already. Claim until there is nothing left. Role: WORKER. Errors: CURSOR_EXPIRED, BAD_USER_INPUT.",
    subscribe: (_root, args, context) => changeSource(context, waitingChanges(args.driverContainer), args),
    resolve: (delivery) => delivery,
  }),
  runStageChanged: t.field({
    type: RunStageChange,
    authScopes: { role: "VIEWER", system: "pipelines" },
    args: {
      runId: t.arg.id({ description: "Of this run only; null: of all." }),
      after: afterArg(t),
      snapshot: snapshotArg(t),
    },
    description: `Every move of runs' stages. ${errors}`,
    subscribe: (_root, args, context) => changeSource(context, stageChanges(args.runId), args),
    resolve: (delivery) => delivery,
  }),
}));

import type { RunRow } from "../../db/pipelines/tables.ts";
import { runsPerPipeline } from "../../resolvers/runs/runs.ts";
import { runStageLogs } from "../../resolvers/runs/stage-logs.ts";
import { builder } from "../builder.ts";
import { pageArgs } from "../connections.ts";
import { Run, RunStageLogConnection, StageStatus } from "./runs.ts";

const StageLogFilter = builder.inputType("RunStageLogFilter", {
  description: "Stages of runs that meet all that is given; null asks nothing.",
  fields: (t) => ({
    runId: t.id({ description: "Of this run." }),
    sourceTablename: t.string({ description: "Of runs of this pipeline." }),
    status: t.field({ type: [StageStatus], description: "In one of these states." }),
    startedAfter: t.field({ type: "DateTime", description: "Started after this instant." }),
    startedBefore: t.field({ type: "DateTime", description: "Started before this instant." }),
    errorContains: t.string({
      description: "That failed with this text in their error, in any case: of the newest 20,000 that failed.",
    }),
  }),
});

interface RunsOfPipeline {
  readonly sourceTablename: string;
  readonly runs: readonly RunRow[];
}

const RunsOfPipelineRef = builder.objectRef<RunsOfPipeline>("PipelineRuns").implement({
  description: "The newest runs of one pipeline.",
  fields: (t) => ({
    sourceTablename: t.exposeString("sourceTablename", { description: "The pipeline's source table." }),
    runs: t.field({
      type: [Run],
      description: "Its runs, newest first; none for a pipeline that never ran, or is not there.",
      resolve: ({ runs }) => [...runs],
    }),
  }),
});

builder.queryFields((t) => ({
  runStageLogs: t.field({
    type: RunStageLogConnection,
    nullable: true,
    authScopes: { role: "VIEWER", system: "pipelines" },
    args: { filter: t.arg({ type: StageLogFilter, description: "Which ones; null: all." }), ...pageArgs },
    description:
      "What happened to the stages of all runs, newest first. Null beside an error alone. Role: VIEWER. Errors: BAD_USER_INPUT.",
    resolve: (_root, args, context) => runStageLogs(context, args),
  }),
  runsPerPipeline: t.field({
    type: [RunsOfPipelineRef],
    nullable: true,
    authScopes: { role: "VIEWER", system: "pipelines" },
    args: {
      sourceTablenames: t.arg.stringList({
        required: true,
        description: "The pipelines; as many as a page may have entries.",
      }),
      first: t.arg.int({ required: true, defaultValue: 24, description: "Runs of each, 0 to WEIR_MAX_PAGE_SIZE." }),
    },
    description:
      "The newest runs of each of these pipelines, in their order, by one statement. Null beside an error alone. Role: VIEWER. Errors: BAD_USER_INPUT.",
    resolve: async (_root, { sourceTablenames, first }, context) => [
      ...(await runsPerPipeline(context, sourceTablenames, first)),
    ],
  }),
}));

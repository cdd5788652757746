import type { DaySummary } from "../../resolvers/runs/durations.ts";
import { builder } from "../builder.ts";
import { Pipeline } from "../pipelines/pipelines.ts";
import { Run, RunStage } from "./runs.ts";

const usually = "Median of the last 20 successful runs of its pipeline, in seconds; null while none has succeeded.";

const DaySummaryRef = builder.objectRef<DaySummary>("PipelineDaySummary").implement({
  description: "What the runs of one pipeline came to that began, or were asked for, in the last 24 hours.",
  fields: (t) => ({
    rowsProcessed: t.expose("rowsProcessed", { type: "SafeInt", description: "Rows that they moved." }),
    success: t.expose("success", { type: "SafeInt", description: "Runs that succeeded." }),
    failed: t.expose("failed", { type: "SafeInt", description: "Runs that failed." }),
    medianDurationSeconds: t.exposeFloat("medianDurationSeconds", {
      nullable: true,
      description: "Median of the successful ones, in seconds; null when none succeeded.",
    }),
  }),
});

builder.objectFields(Run, (t) => ({
  usualDurationSeconds: t.float({
    nullable: true,
    description: usually,
    resolve: async ({ sourceTablename }, _args, { loaders }) =>
      (await loaders.pipelines.usualDurations.load(sourceTablename)).run,
  }),
}));

builder.objectFields(RunStage, (t) => ({
  usualDurationSeconds: t.float({
    nullable: true,
    description: `What the stage at this place took: ${usually.charAt(0).toLowerCase()}${usually.slice(1)}`,
    resolve: async ({ run, stage }, _args, { loaders }) => {
      const { stages } = await loaders.pipelines.usualDurations.load(run.sourceTablename);
      return stages.get(stage.stage_order) ?? null;
    },
  }),
}));

builder.objectFields(Pipeline, (t) => ({
  summary24h: t.field({
    type: DaySummaryRef,
    description: "Its runs of the last 24 hours.",
    resolve: ({ sourceTablename }, _args, { loaders }) => loaders.pipelines.daySummary.load(sourceTablename),
  }),
}));

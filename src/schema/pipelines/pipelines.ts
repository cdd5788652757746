import { type EndpointRow, type Leg, type PipelineRow, type PipelineStageRow } from "../../db/pipelines/tables.ts";
import * as config from "../../resolvers/pipelines/config.ts";
import { type EndpointKind, endpoint, endpoints, maskedCreds } from "../../resolvers/pipelines/endpoints.ts";
import * as pipelines from "../../resolvers/pipelines/pipelines.ts";
import { builder } from "../builder.ts";
import { connectionOf, pageArgs } from "../connections.ts";
import { Node } from "../node.ts";
import { UNKNOWN_VALUE } from "../words.ts";

export const LoadType = builder.enumType("LoadType", {
  description: "How much of a table a leg loads.",
  values: {
    FULL: { value: "full", description: "The whole table, each time." },
    INCREMENTAL: { value: "incremental", description: "The rows behind the watermark." },
    UNKNOWN: UNKNOWN_VALUE,
  } as const,
});

export const RunStatus = builder.enumType("RunStatus", {
  description: "How far a run has come.",
  values: {
    PENDING: { value: "pending", description: "Asked for; no stage has started." },
    RUNNING: { value: "running", description: "A stage has started." },
    SUCCESS: { value: "success", description: "Every stage succeeded." },
    FAILED: { value: "failed", description: "A stage failed, and the run with it; see errorMessage." },
    CANCELLED: { value: "cancelled", description: "Somebody cancelled it." },
    UNKNOWN: UNKNOWN_VALUE,
  } as const,
});

interface LegRow {
  readonly row: PipelineRow;
  readonly leg: Leg;
}

/** Of the leg's own columns; where the first leg's were never written, the last run's, which loads both. */
function lastRunOf({ row, leg }: LegRow) {
  return leg === "sourceToDl" && (row.sourceToDlLastRunAt !== null || row.sourceToDlLastRunStatus !== null)
    ? { at: row.sourceToDlLastRunAt, status: row.sourceToDlLastRunStatus, known: row.knownSourceToDlLastRunStatus }
    : { at: row.lastRunAt, status: row.lastRunStatus, known: row.knownLastRunStatus };
}

const PipelineLeg = builder.objectRef<LegRow>("PipelineLeg").implement({
  description: "One half of a pipeline: from the source to the data lake, or from there to the sink.",
  fields: (t) => ({
    schedule: t.int({
      nullable: true,
      description: "Minutes between runs; null means only on demand.",
      resolve: ({ row, leg }) => row[config.LEG_COLUMNS[leg].schedule],
    }),
    loadType: t.field({
      type: LoadType,
      description: "How much is loaded.",
      resolve: ({ row, leg }) => row[config.KNOWN_LOAD_TYPE[leg]],
    }),
    loadTypeText: t.string({
      description: "The load type as it was stored, in the program's own word.",
      resolve: ({ row, leg }) => row[config.LEG_COLUMNS[leg].loadType],
    }),
    isActive: t.boolean({
      description: "Whether the scheduler counts it: a pipeline is due when an active leg is.",
      resolve: ({ row, leg }) => row[config.LEG_COLUMNS[leg].isActive],
    }),
    incrementalKey: t.string({
      nullable: true,
      description: "The column by which it loads incrementally; null for a full load.",
      resolve: ({ row, leg }) => row[config.LEG_COLUMNS[leg].incrementalKey],
    }),
    lastIncrementalValue: t.string({
      nullable: true,
      description:
        "The watermark: the greatest incremental key loaded so far. It never moves backwards; numbers and instants compare by value. Null: nothing was loaded, or the next load begins anew.",
      resolve: ({ row, leg }) => row[config.LEG_COLUMNS[leg].lastIncrementalValue],
    }),
    lastLoaderRunTimestamp: t.field({
      type: "DateTime",
      nullable: true,
      description:
        "When the pipeline's last run ended, whichever way; a run loads both legs, but a program may load one alone. Null: it never ran.",
      resolve: (leg) => lastRunOf(leg).at,
    }),
    lastLoaderRunStatus: t.field({
      type: RunStatus,
      nullable: true,
      description: "How that run ended; null: it never ran.",
      resolve: (leg) => lastRunOf(leg).known,
    }),
    lastLoaderRunStatusText: t.string({
      nullable: true,
      description: "How that run ended as it was stored, in the program's own word; null: it never ran.",
      resolve: (leg) => lastRunOf(leg).status,
    }),
  }),
});

const masked =
  "Connection details. What says where, as whom and how one connects is shown (host, port, database, user…), every other value is ********. Where they can't be read, the one entry unreadable says why.";

export const Source = builder.objectRef<EndpointRow>("Source").implement({
  description: "Where pipelines get their data from.",
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID("id", { description: "UUID v7." }),
    sourceName: t.exposeString("name", { description: "Its name, by which pipelines refer to it." }),
    sourceType: t.exposeString("type", { description: "Kind of system: postgres, mysql, salesforce…" }),
    sourceCreds: t.field({
      type: "JSONObject",
      description: masked,
      resolve: (row, _args, context) => maskedCreds(context, "source", row),
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was created." }),
  }),
});

export const Destination = builder.objectRef<EndpointRow>("Destination").implement({
  description: "Where pipelines bring their data to.",
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID("id", { description: "UUID v7." }),
    destinationName: t.exposeString("name", { description: "Its name, by which pipelines refer to it." }),
    destinationType: t.exposeString("type", { description: "Kind of system: postgres, bigquery, snowflake…" }),
    destinationCreds: t.field({
      type: "JSONObject",
      description: masked,
      resolve: (row, _args, context) => maskedCreds(context, "destination", row),
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was created." }),
  }),
});

export const PipelineStage = builder.objectRef<Omit<PipelineStageRow, "createdAt">>("PipelineStage").implement({
  description: "A stage of a template.",
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID("id", { description: "Unique; another one after the template was replaced." }),
    pipelineName: t.exposeString("pipelineName", { description: "Name of the template." }),
    stageOrder: t.exposeInt("stageOrder", { description: "Its place, from 1." }),
    stageName: t.exposeString("stageName", { description: "What people call it." }),
    stageType: t.exposeString("stageType", {
      description:
        "What it is for the system. One that names source_to_dl or dl_to_sink loads that leg, and may report its watermark.",
    }),
    driverContainer: t.exposeString("driverContainer", {
      description: "The drivers that execute it claim by this name.",
    }),
    isActive: t.exposeBoolean("isActive", {
      description: "Whether new runs have it; a program may have switched it off.",
    }),
  }),
});

export const Pipeline = builder.objectRef<PipelineRow>("Pipeline");

Pipeline.implement({
  description: "What is to be done with one source table.",
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID("sourceTablename", { description: "Unique among pipelines: its source table." }),
    sourceTablename: t.exposeString("sourceTablename", { description: "Its key: the table in the source." }),
    sinkTablename: t.exposeString("sinkTablename", {
      nullable: true,
      description: "The table in the sink; null when none was given.",
    }),
    sourceType: t.exposeString("sourceType", { description: "Kind of the source system." }),
    sinkType: t.exposeString("sinkType", { description: "Kind of the sink system." }),
    source: t.field({
      type: Source,
      nullable: true,
      description: "Connection of the source; null when the pipeline names none.",
      resolve: ({ sourceName }, _args, context) =>
        sourceName === null ? null : endpoint(context, "source", sourceName),
    }),
    destination: t.field({
      type: Destination,
      nullable: true,
      description: "Connection of the sink; null when the pipeline names none.",
      resolve: ({ destinationName }, _args, context) =>
        destinationName === null ? null : endpoint(context, "destination", destinationName),
    }),
    sourceToDl: t.field({
      type: PipelineLeg,
      description: "From the source to the data lake.",
      resolve: (row): LegRow => ({ row, leg: "sourceToDl" }),
    }),
    dlToSink: t.field({
      type: PipelineLeg,
      description: "From the data lake to the sink.",
      resolve: (row): LegRow => ({ row, leg: "dlToSink" }),
    }),
    nextRunAt: t.expose("nextRunAt", {
      type: "DateTime",
      nullable: true,
      description:
        "When the scheduler will start it next; null when inactive or without a schedule. One that never ran is due since it was created.",
    }),
    isOverdue: t.boolean({
      description: "True when nextRunAt has passed by more than one schedule interval.",
      resolve: (row, _args, context) => pipelines.isOverdue(context, row),
    }),
  }),
});

const PipelineConnection = connectionOf("Pipeline", Pipeline);

const PipelineFilter = builder.inputType("PipelineFilter", {
  description: "Pipelines that meet all that is given; null asks nothing.",
  fields: (t) => ({
    search: t.string({ description: "Whose source or sink table's name has this text, in any case." }),
    isActive: t.boolean({ description: "With an active leg; false: with none." }),
    sourceType: t.string({ description: "Of this kind of source." }),
    sinkType: t.string({ description: "Of this kind of sink." }),
    lastRunStatus: t.field({ type: [RunStatus], description: "Whose last run ended so." }),
    isOverdue: t.boolean({ description: "That are overdue; false: that are not." }),
    latestRunStatus: t.field({
      type: [RunStatus],
      description: "Whose newest run is in one of these states, one that goes on among them.",
    }),
  }),
});

const PipelineOrder = builder.enumType("PipelineOrder", {
  description: "The order of a list of pipelines; those that are equal in it go by name.",
  values: {
    NAME: { description: "By source table." },
    LAST_RUN_FIRST: { description: "By the end of the last run, newest first; those that never ran come last." },
    NEXT_RUN_FIRST: { description: "By when they are due, most urgent first; those without a schedule come last." },
  } as const,
});

const ofKind = (kind: EndpointKind) => (_root: unknown, _args: unknown, context: Parameters<typeof endpoints>[0]) =>
  endpoints(context, kind);

builder.queryFields((t) => ({
  pipeline: t.field({
    type: Pipeline,
    nullable: true,
    authScopes: { role: "VIEWER", system: "pipelines" },
    args: { sourceTablename: t.arg.string({ required: true, description: "Its source table." }) },
    description: "One pipeline; null when there is none of that name. Role: VIEWER.",
    resolve: (_root, { sourceTablename }, context) => pipelines.pipeline(context, sourceTablename),
  }),
  pipelines: t.field({
    type: PipelineConnection,
    authScopes: { role: "VIEWER", system: "pipelines" },
    args: {
      filter: t.arg({ type: PipelineFilter, description: "Which ones; null: all." }),
      orderBy: t.arg({ type: PipelineOrder, description: "Their order; null: NAME." }),
      ...pageArgs,
    },
    description: "Pipelines, by name unless orderBy says otherwise. Role: VIEWER. Errors: BAD_USER_INPUT.",
    resolve: (_root, args, context) => pipelines.pipelines(context, args),
  }),
  source: t.field({
    type: Source,
    nullable: true,
    authScopes: { role: "VIEWER", system: "pipelines" },
    args: { sourceName: t.arg.string({ required: true, description: "Its name." }) },
    description: "One source; null when there is none of that name. Role: VIEWER.",
    resolve: (_root, { sourceName }, context) => endpoint(context, "source", sourceName),
  }),
  sources: t.field({
    type: [Source],
    authScopes: { role: "VIEWER", system: "pipelines" },
    description: "All sources, by name. Role: VIEWER.",
    resolve: ofKind("source"),
  }),
  destination: t.field({
    type: Destination,
    nullable: true,
    authScopes: { role: "VIEWER", system: "pipelines" },
    args: { destinationName: t.arg.string({ required: true, description: "Its name." }) },
    description: "One destination; null when there is none of that name. Role: VIEWER.",
    resolve: (_root, { destinationName }, context) => endpoint(context, "destination", destinationName),
  }),
  destinations: t.field({
    type: [Destination],
    authScopes: { role: "VIEWER", system: "pipelines" },
    description: "All destinations, by name. Role: VIEWER.",
    resolve: ofKind("destination"),
  }),
  pipelineStages: t.field({
    type: [PipelineStage],
    authScopes: { role: "VIEWER", system: "pipelines" },
    args: {
      pipelineName: t.arg.string({ required: true, defaultValue: "default", description: "Name of the template." }),
    },
    description: "The stage template of one pipeline name, in stageOrder; empty when it has none. Role: VIEWER.",
    resolve: (_root, { pipelineName }, context) => config.templateOf(context, pipelineName),
  }),
}));

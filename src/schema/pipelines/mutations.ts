import * as config from "../../resolvers/pipelines/config.ts";
import * as endpoints from "../../resolvers/pipelines/endpoints.ts";
import { builder } from "../builder.ts";
import { Destination, LoadType, Pipeline, PipelineStage, Source } from "./pipelines.ts";

const PipelineLegInput = builder.inputType("PipelineLegInput", {
  description: "Settings of a leg. What is absent stays as it is.",
  fields: (t) => ({
    schedule: t.int({ description: "Minutes between runs, 1 or more; null: only on demand." }),
    loadType: t.field({ type: LoadType, description: "FULL when it is not given at all." }),
    isActive: t.boolean({ description: "True when it is not given at all." }),
    incrementalKey: t.string({ description: "The column by which it loads incrementally; null: none." }),
    lastIncrementalValue: t.string({
      description:
        "The watermark, which can only be moved forward unless resetWatermark says so; null: the next load begins anew.",
    }),
    resetWatermark: t.boolean({
      description:
        "True: lastIncrementalValue may be before the stored one, or no number where that is one. Null: it may not.",
    }),
  }),
});

const pipelineFields = {
  sinkTablename: "The table in the sink; null: none.",
  sourceType: "Kind of the source system; postgres when it is not given at all.",
  sinkType: "Kind of the sink system; postgres when it is not given at all.",
  sourceName: "Name of the source with the connection; null: none.",
  destinationName: "Name of the destination with the connection; null: none.",
} as const;

const CreatePipelineInput = builder.inputType("CreatePipelineInput", {
  description: "A new pipeline.",
  fields: (t) => ({
    sourceTablename: t.string({ required: true, description: "Its source table, by which it is known." }),
    sinkTablename: t.string({ description: pipelineFields.sinkTablename }),
    sourceType: t.string({ description: pipelineFields.sourceType }),
    sinkType: t.string({ description: pipelineFields.sinkType }),
    sourceName: t.string({ description: pipelineFields.sourceName }),
    destinationName: t.string({ description: pipelineFields.destinationName }),
    sourceToDl: t.field({ type: PipelineLegInput, description: "From the source to the data lake." }),
    dlToSink: t.field({ type: PipelineLegInput, description: "From the data lake to the sink." }),
  }),
});

const UpdatePipelineInput = builder.inputType("UpdatePipelineInput", {
  description: "Changes of a pipeline. What is absent stays as it is.",
  fields: (t) => ({
    sinkTablename: t.string({ description: pipelineFields.sinkTablename }),
    sourceType: t.string({ description: pipelineFields.sourceType }),
    sinkType: t.string({ description: pipelineFields.sinkType }),
    sourceName: t.string({ description: pipelineFields.sourceName }),
    destinationName: t.string({ description: pipelineFields.destinationName }),
    sourceToDl: t.field({ type: PipelineLegInput, description: "From the source to the data lake." }),
    dlToSink: t.field({ type: PipelineLegInput, description: "From the data lake to the sink." }),
  }),
});

const creds =
  "Connection details, stored encrypted. In an update, ******** keeps the stored value; what is left out is removed.";

const SourceInput = builder.inputType("SourceInput", {
  description: "A source.",
  fields: (t) => ({
    sourceName: t.string({
      required: true,
      description: "Its name; in an update a new one renames it for its pipelines too.",
    }),
    sourceType: t.string({ required: true, description: "Kind of system: postgres, mysql, salesforce…" }),
    sourceCreds: t.field({ type: "JSONObject", required: true, description: creds }),
  }),
});

const DestinationInput = builder.inputType("DestinationInput", {
  description: "A destination.",
  fields: (t) => ({
    destinationName: t.string({
      required: true,
      description: "Its name; in an update a new one renames it for its pipelines too.",
    }),
    destinationType: t.string({ required: true, description: "Kind of system: postgres, bigquery, snowflake…" }),
    destinationCreds: t.field({ type: "JSONObject", required: true, description: creds }),
  }),
});

const PipelineStageInput = builder.inputType("PipelineStageInput", {
  description: "A stage of a template.",
  fields: (t) => ({
    stageOrder: t.int({ required: true, description: "Its place: 1, 2, 3… without a gap." }),
    stageName: t.string({ required: true, description: "What people call it." }),
    stageType: t.string({ required: true, description: "What it is for the system." }),
    driverContainer: t.string({ required: true, description: "The name by which drivers claim it." }),
  }),
});

interface SentSource {
  readonly sourceName: string;
  readonly sourceType: string;
  readonly sourceCreds: endpoints.EndpointInput["creds"];
}
interface SentDestination {
  readonly destinationName: string;
  readonly destinationType: string;
  readonly destinationCreds: endpoints.EndpointInput["creds"];
}
const ofSource = ({ sourceName: name, sourceType: type, sourceCreds }: SentSource) => ({
  name,
  type,
  creds: sourceCreds,
});
const ofDestination = ({ destinationName: name, destinationType: type, destinationCreds }: SentDestination) => ({
  name,
  type,
  creds: destinationCreds,
});

builder.mutationFields((t) => {
  const tableArg = t.arg.string({ required: true, description: "The pipeline's source table." });
  const sourceArg = t.arg.string({ required: true, description: "The source's name." });
  const destinationArg = t.arg.string({ required: true, description: "The destination's name." });
  return {
    createPipeline: t.field({
      type: Pipeline,
      authScopes: { role: "ADMIN", system: "pipelines" },
      args: { input: t.arg({ type: CreatePipelineInput, required: true, description: "The pipeline." }) },
      description:
        "Creates a pipeline. Role: ADMIN. Errors: CONFLICT when there is one, NOT_FOUND for an unknown source or destination, BAD_USER_INPUT.",
      resolve: (_root, { input }, context) => config.createPipeline(context, input),
    }),
    updatePipeline: t.field({
      type: Pipeline,
      authScopes: { role: "ADMIN", system: "pipelines" },
      args: {
        sourceTablename: tableArg,
        input: t.arg({ type: UpdatePipelineInput, required: true, description: "What changes." }),
      },
      description:
        "Changes a pipeline. Role: ADMIN. Errors: NOT_FOUND, BAD_USER_INPUT, CONFLICT for a watermark that would move backwards.",
      resolve: (_root, { sourceTablename, input }, context) => config.updatePipeline(context, sourceTablename, input),
    }),
    deletePipeline: t.boolean({
      authScopes: { role: "ADMIN", system: "pipelines" },
      args: { sourceTablename: tableArg },
      description:
        "Deletes a pipeline; its runs stay. Always true. Role: ADMIN. Errors: NOT_FOUND, CONFLICT while a run is not finished.",
      resolve: (_root, { sourceTablename }, context) => config.deletePipeline(context, sourceTablename),
    }),
    createSource: t.field({
      type: Source,
      authScopes: { role: "ADMIN", system: "pipelines" },
      args: { input: t.arg({ type: SourceInput, required: true, description: "The source." }) },
      description:
        "Creates a source. Role: ADMIN. Errors: CONFLICT when there is one of that name or the service has no key to encrypt with, BAD_USER_INPUT.",
      resolve: (_root, { input }, context) => endpoints.createEndpoint(context, "source", ofSource(input)),
    }),
    updateSource: t.field({
      type: Source,
      authScopes: { role: "ADMIN", system: "pipelines" },
      args: {
        sourceName: sourceArg,
        input: t.arg({ type: SourceInput, required: true, description: "The whole source as it shall be." }),
      },
      description:
        "Replaces a source. Role: ADMIN. Errors: NOT_FOUND, BAD_USER_INPUT, CONFLICT when the service lacks the key of what is stored; nothing is overwritten then.",
      resolve: (_root, { sourceName, input }, context) =>
        endpoints.updateEndpoint(context, "source", sourceName, ofSource(input)),
    }),
    deleteSource: t.boolean({
      authScopes: { role: "ADMIN", system: "pipelines" },
      args: { sourceName: sourceArg },
      description: "Deletes a source. Always true. Role: ADMIN. Errors: NOT_FOUND, CONFLICT while a pipeline uses it.",
      resolve: (_root, { sourceName }, context) => endpoints.deleteEndpoint(context, "source", sourceName),
    }),
    createDestination: t.field({
      type: Destination,
      authScopes: { role: "ADMIN", system: "pipelines" },
      args: { input: t.arg({ type: DestinationInput, required: true, description: "The destination." }) },
      description:
        "Creates a destination. Role: ADMIN. Errors: CONFLICT when there is one of that name or the service has no key to encrypt with, BAD_USER_INPUT.",
      resolve: (_root, { input }, context) => endpoints.createEndpoint(context, "destination", ofDestination(input)),
    }),
    updateDestination: t.field({
      type: Destination,
      authScopes: { role: "ADMIN", system: "pipelines" },
      args: {
        destinationName: destinationArg,
        input: t.arg({ type: DestinationInput, required: true, description: "The whole destination as it shall be." }),
      },
      description:
        "Replaces a destination. Role: ADMIN. Errors: NOT_FOUND, BAD_USER_INPUT, CONFLICT when the service lacks the key of what is stored; nothing is overwritten then.",
      resolve: (_root, { destinationName, input }, context) =>
        endpoints.updateEndpoint(context, "destination", destinationName, ofDestination(input)),
    }),
    deleteDestination: t.boolean({
      authScopes: { role: "ADMIN", system: "pipelines" },
      args: { destinationName: destinationArg },
      description:
        "Deletes a destination. Always true. Role: ADMIN. Errors: NOT_FOUND, CONFLICT while a pipeline uses it.",
      resolve: (_root, { destinationName }, context) =>
        endpoints.deleteEndpoint(context, "destination", destinationName),
    }),
    setPipelineStages: t.field({
      type: [PipelineStage],
      authScopes: { role: "ADMIN", system: "pipelines" },
      args: {
        pipelineName: t.arg.string({ required: true, defaultValue: "default", description: "Name of the template." }),
        stages: t.arg({
          type: [PipelineStageInput],
          required: true,
          description: "All of its stages; an empty list removes the template.",
        }),
      },
      description:
        "Replaces the whole template of one pipeline name. Runs under way keep the stages that they were started with. Role: ADMIN. Errors: BAD_USER_INPUT for a gap or a duplicate in stageOrder.",
      resolve: (_root, { pipelineName, stages }, context) => config.setPipelineStages(context, pipelineName, stages),
    }),
  };
});

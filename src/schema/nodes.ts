import type { ObjectRef } from "@pothos/core";
import { hl7FileById, hl7FileId, logFile } from "../resolvers/ingest/ingest.ts";
import { encodeNodeId } from "../resolvers/nodes/ids.ts";
import { assertFew, type NodeSource, node, numbered } from "../resolvers/nodes/nodes.ts";
import { ifVisible } from "../resolvers/reports/agency-scope.ts";
import { cannedReportById, reportJob } from "../resolvers/reports/reports.ts";
import { ApiTokenRef } from "./access/access.ts";
import { AuditEntry } from "./access/audit.ts";
import { builder, type SchemaTypes } from "./builder.ts";
import { File } from "./documents/file.ts";
import { FileProcessingStep, ProcessingLog } from "./documents/steps.ts";
import { FileStatus, Hl7File, LogFile } from "./ingest/ingest.ts";
import { markAs, Node } from "./node.ts";
import { Destination, Pipeline, PipelineStage, Source } from "./pipelines/pipelines.ts";
import { CannedReport, CannedReportManifest, CustomReportManifest } from "./reports/manifests.ts";
import { ReportJob, ReportRun } from "./reports/reports.ts";
import { Run, RunStageLog } from "./runs/runs.ts";

const sources = new Map<string, NodeSource<object>>();

/** Gives a type its global ids. */
function entity<Row extends object>(
  type: ObjectRef<SchemaTypes, Row>,
  idOf: (row: Row) => string | number,
  source: NodeSource<Row>,
): void {
  sources.set(type.name, source);
  builder.objectField(type, "nodeId", (t) =>
    t.id({
      description: "Unique among all entities, opaque, and the same for ever: node(nodeId) finds it.",
      resolve: (row) => encodeNodeId(type.name, idOf(row)),
    }),
  );
}

const idOf = ({ id }: { readonly id: string | number }) => id;

const ofIngest = { role: "VIEWER", system: "ingest" } as const;
entity(FileStatus, idOf, {
  ...ofIngest,
  load: numbered(({ loaders }, id) => loaders.nodes.fileStatus.load(id)),
});
entity(LogFile, ({ logFilePath }) => logFilePath, { ...ofIngest, load: logFile });
entity(Hl7File, hl7FileId, { ...ofIngest, load: hl7FileById });

const ofPipelines = { role: "VIEWER", system: "pipelines" } as const;
entity(Pipeline, ({ sourceTablename }) => sourceTablename, {
  ...ofPipelines,
  load: ({ loaders }, id) => loaders.pipelines.pipeline.load(id),
});
entity(Source, idOf, { ...ofPipelines, load: ({ loaders }, id) => loaders.nodes.source.load(id) });
entity(Destination, idOf, { ...ofPipelines, load: ({ loaders }, id) => loaders.nodes.destination.load(id) });
entity(PipelineStage, idOf, {
  ...ofPipelines,
  load: numbered(({ loaders }, id) => loaders.nodes.pipelineStage.load(id)),
});
entity(Run, idOf, { ...ofPipelines, load: numbered(({ loaders }, id) => loaders.pipelines.run.load(id)) });
entity(RunStageLog, idOf, { ...ofPipelines, load: numbered(({ loaders }, id) => loaders.nodes.stageLog.load(id)) });

const ofDocuments = { role: "VIEWER", system: "documents" } as const;
entity(File, idOf, { ...ofDocuments, load: numbered(({ loaders }, id) => loaders.documents.file.load(id)) });
entity(FileProcessingStep, idOf, {
  ...ofDocuments,
  load: numbered(({ loaders }, id) => loaders.nodes.step.load(id)),
});
entity(ProcessingLog, idOf, {
  ...ofDocuments,
  load: numbered(({ loaders }, id) => loaders.nodes.processingLog.load(id)),
});

const ofReports = { role: "VIEWER", system: "reports" } as const;
entity(ReportJob, ({ tableName }) => tableName, { ...ofReports, load: reportJob });
entity(ReportRun, idOf, {
  ...ofReports,
  load: numbered(async (context, id) => ifVisible(context, await context.loaders.nodes.reportRun.load(id))),
});
entity(CustomReportManifest, idOf, {
  ...ofReports,
  load: numbered(async (context, id) => ifVisible(context, await context.loaders.nodes.customManifest.load(id))),
});
entity(CannedReport, idOf, { ...ofReports, load: numbered(cannedReportById) });
entity(CannedReportManifest, idOf, {
  ...ofReports,
  load: numbered(async (context, id) => ifVisible(context, await context.loaders.nodes.cannedManifest.load(id))),
});

const ofAdministrators = { role: "ADMIN", system: "all" } as const;
entity(ApiTokenRef, idOf, {
  ...ofAdministrators,
  load: numbered(({ loaders }, id) => loaders.nodes.apiToken.load(id)),
});
entity(AuditEntry, idOf, {
  ...ofAdministrators,
  load: numbered(({ loaders }, id) => loaders.nodes.auditEntry.load(id)),
});

/** The entity of a global id, for a field of the interface. */
export async function find(context: Parameters<typeof node>[0], nodeId: string): Promise<object | null> {
  const found = await node(context, sources, nodeId);
  return found === null ? null : markAs(found.type, found.row);
}

builder.queryFields((t) => ({
  node: t.field({
    type: Node,
    nullable: true,
    authScopes: { role: "VIEWER", system: "all" },
    args: { nodeId: t.arg.id({ required: true, description: "As an entity's nodeId was answered." }) },
    description:
      "Any entity by its global id; null when there is none any more. Role: VIEWER. Errors: BAD_USER_INPUT for text that is no global id, FORBIDDEN for an entity of a system that is not open to the token.",
    resolve: (_root, { nodeId }, context) => find(context, nodeId),
  }),
  nodes: t.field({
    type: [Node],
    nullable: { list: false, items: true },
    authScopes: { role: "VIEWER", system: "all" },
    args: {
      nodeIds: t.arg.idList({
        required: true,
        description: "As entities' nodeIds were answered; as many as a page may have entries.",
      }),
    },
    description:
      "Entities by their global ids, in that order; null in the place of one that is not there any more. One that is wrong has an error of its own, as node gives it. Role: VIEWER. Errors: BAD_USER_INPUT, FORBIDDEN.",
    resolve: (_root, { nodeIds }, context) => {
      assertFew(context, nodeIds);
      return nodeIds.map((nodeId) => find(context, nodeId));
    },
  }),
}));

import type { Delivery } from "../feed/follow.ts";
import type { ChangeOperation as Operation, Topic as TopicName } from "../feed/topics.ts";
import * as changes from "../resolvers/changes.ts";
import { builder } from "./builder.ts";
import { FileStatus, FileStatusFilter, Hl7File } from "./ingest.ts";

const Topic = builder.enumType("Topic", {
  description: "What a change is about.",
  values: {
    FILE_STATUS: { description: "A report about a HL7 file or a log was added." },
    HL7_FILE: { description: "A HL7 file was mapped to its log, mapped anew, or the mapping removed." },
  } satisfies Record<TopicName, object>,
});

const ChangeOperation = builder.enumType("ChangeOperation", {
  description: "What happened to the row.",
  values: {
    SNAPSHOT: { description: "Nothing: this is the state as it was when the subscription began." },
    INSERT: { description: "It was added." },
    UPDATE: { description: "It was changed; it is shown as it is since." },
    DELETE: { description: "It was removed; it is shown as it was." },
  } satisfies Record<Operation, object>,
});

const TYPE_OF_TOPIC: Readonly<Record<TopicName, string>> = {
  FILE_STATUS: "FileStatusChange",
  HL7_FILE: "Hl7FileChange",
};

const Change = builder.interfaceRef<Delivery>("Change").implement({
  description: "A change of one row, delivered once it is committed.",
  resolveType: (delivery) => TYPE_OF_TOPIC[delivery.change.topic],
  fields: (t) => ({
    cursor: t.field({
      type: "Cursor",
      description: "Position behind this change: pass it as after to continue from here.",
      resolve: (delivery) => delivery.cursor,
    }),
    topic: t.field({ type: Topic, description: "What the change is about.", resolve: ({ change }) => change.topic }),
    key: t.string({
      description: "The subject's natural key: a path, a run id, a table name.",
      resolve: ({ change }) => change.key,
    }),
    operation: t.field({
      type: ChangeOperation,
      description: "What happened to the row.",
      resolve: ({ change }) => change.operation,
    }),
    at: t.field({
      type: "DateTime",
      description: "When the row was written, by the database's clock.",
      resolve: ({ change }) => change.at,
    }),
    actor: t.string({
      nullable: true,
      description:
        "Name of the token that made the change; null for writers that use SQL directly, and without authentication.",
      resolve: ({ change }) => change.actor || null,
    }),
    isReplay: t.exposeBoolean("isReplay", {
      description: "True while the subscription is still catching up from its cursor.",
    }),
  }),
});

const FileStatusChange = builder.objectRef<Delivery>("FileStatusChange").implement({
  description: "A report was added to a file's history.",
  interfaces: [Change],
  fields: (t) => ({
    fileStatus: t.field({ type: FileStatus, description: "The report.", resolve: changes.fileStatusOf }),
    isCurrent: t.boolean({
      description: "True when this row became its file's latest status; false for one that arrived late.",
      resolve: ({ change }) => change.isCurrent === true,
    }),
  }),
});

builder.objectRef<Delivery>("Hl7FileChange").implement({
  description: "The mapping of a HL7 file to its log was added, changed or removed.",
  interfaces: [Change],
  fields: (t) => ({
    hl7File: t.field({ type: Hl7File, description: "The mapping.", resolve: changes.hl7FileOf }),
  }),
});

const after =
  "Continue behind this position; null: from now on. Pass it as a variable, so that the service can serve many alike subscribers as one.";

builder.queryFields((t) => ({
  liveCursor: t.field({
    type: "Cursor",
    authScopes: { role: "VIEWER" },
    description:
      "The feed position as of the start of this operation. Subscribe with after: liveCursor and no change is missed between the query and the subscription. Role: VIEWER.",
    resolve: (_root, _args, context) => context.liveCursor ?? context.feed.now(),
  }),
}));

builder.subscriptionFields((t) => ({
  changes: t.field({
    type: Change,
    authScopes: { role: "VIEWER" },
    args: {
      topics: t.arg({ type: [Topic], description: "Only of these topics; null: of all." }),
      after: t.arg({ type: "Cursor", description: after }),
    },
    description: "Every change of the topics. Role: VIEWER. Errors: CURSOR_EXPIRED, BAD_USER_INPUT.",
    subscribe: (_root, args, context) => changes.changes(context, args),
    resolve: (delivery) => delivery,
  }),
  fileStatusRecorded: t.field({
    type: FileStatusChange,
    authScopes: { role: "VIEWER" },
    args: {
      filter: t.arg({ type: FileStatusFilter, description: "Only reports that meet it." }),
      after: t.arg({ type: "Cursor", description: after }),
    },
    description:
      "Every report about a file, also one that arrived late. Role: VIEWER. Errors: CURSOR_EXPIRED, BAD_USER_INPUT.",
    subscribe: (_root, args, context) => changes.fileStatusRecorded(context, args),
    resolve: (delivery) => delivery,
  }),
}));

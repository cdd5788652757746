import type { Delivery } from "../feed/delivery.ts";
import type { ChangeOperation as Operation, Topic as TopicName } from "../feed/topics.ts";
import * as changes from "../resolvers/changes.ts";
import { builder, type SchemaTypes } from "./builder.ts";

type ArgBuilder = PothosSchemaTypes.SubscriptionFieldBuilder<SchemaTypes, object>;

export const Topic = builder.enumType("Topic", {
  description: "What a change is about.",
  values: {
    FILE_STATUS: { description: "A report about a HL7 file or a log was added." },
    HL7_FILE: { description: "A HL7 file was mapped to its log, mapped anew, or the mapping removed." },
    PIPELINE: { description: "A pipeline was created, configured, stamped by a run's end, or deleted." },
    RUN: { description: "A run was asked for, or moved on." },
    RUN_STAGE: { description: "A stage of a run started, or ended." },
    FILE: { description: "A document was added, changed or removed; its counts of steps belong to it." },
    FILE_STEP: { description: "A step of a document was added, changed or removed." },
    PROCESSING_LOG: { description: "An event was added to the history of the documents." },
    SEEDER_JOB: { description: "The state of a report changed." },
    SEEDER_RUN: { description: "A run of a report was recorded, or went on." },
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
  PIPELINE: "PipelineChange",
  RUN: "RunChange",
  RUN_STAGE: "RunStageChange",
  FILE: "FileChange",
  FILE_STEP: "FileStepChange",
  PROCESSING_LOG: "ProcessingLogChange",
  SEEDER_JOB: "SeederJobChange",
  SEEDER_RUN: "SeederRunChange",
};

export const Change = builder.interfaceRef<Delivery>("Change").implement({
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

/** The argument `after` of a subscription field. */
export function afterArg(t: ArgBuilder) {
  return t.arg({
    type: "Cursor",
    description:
      "Continue behind this position; null: from now on. Pass it as a variable, so that the service can serve many alike subscribers as one.",
  });
}

/** The argument `snapshot` of a subscription field. */
export function snapshotArg(t: ArgBuilder) {
  return t.arg.boolean({
    required: true,
    defaultValue: false,
    description:
      "Deliver the current matching state first, as operation SNAPSHOT. Without meaning when after is given: a subscription that is resumed goes on where it was, also within its snapshot.",
  });
}

builder.queryFields((t) => ({
  liveCursor: t.field({
    type: "Cursor",
    authScopes: { role: "VIEWER", system: "all" },
    description:
      "The feed position as of the start of this operation. Subscribe with after: liveCursor and no change is missed between the query and the subscription. Role: VIEWER. Example: `query { liveCursor runs(first: 20) { nodes { id status } } }`",
    resolve: (_root, _args, context) => context.liveCursor ?? context.feed.now(),
  }),
  cursorSince: t.field({
    type: "Cursor",
    authScopes: { role: "VIEWER", system: "all" },
    args: { at: t.arg({ type: "DateTime", required: true, description: "An instant in the past." }) },
    description:
      "The feed position behind which every change comes that was written at this time or later; up to a second of earlier ones may come before. Role: VIEWER. Errors: CURSOR_EXPIRED where the feed no longer holds all of it.",
    resolve: (_root, { at }, context) => context.feed.since(at),
  }),
}));

builder.subscriptionFields((t) => ({
  changes: t.field({
    type: Change,
    authScopes: { role: "VIEWER", system: "all" },
    args: {
      topics: t.arg({ type: [Topic], description: "Only of these topics; null: of all." }),
      after: afterArg(t),
    },
    description:
      "Every change of the topics. Role: VIEWER. Errors: CURSOR_EXPIRED, BAD_USER_INPUT. Example: `subscription { changes(topics: [RUN, FILE_STATUS]) { cursor topic key operation at } }`",
    subscribe: (_root, args, context) => changes.changes(context, args),
    resolve: (delivery) => delivery,
  }),
}));

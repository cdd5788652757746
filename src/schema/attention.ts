import { TOPIC_NAMES } from "../feed/topics.ts";
import {
  type AttentionAction as Action,
  acknowledge,
  allSubjectsOf,
  attention,
  type AttentionItem as Item,
  type AttentionKind as KindName,
  subjectsOf,
} from "../resolvers/attention/attention.ts";
import type { AttentionSubject as Subject } from "../resolvers/attention/subjects.ts";
import { stateSource } from "../resolvers/states.ts";
import { builder } from "./builder.ts";
import { Topic } from "./changes.ts";
import { connectionOf, pageArgs } from "./connections.ts";
import { throttleArg } from "./states.ts";
import { GaugedSystem } from "./systems.ts";

const Kind = builder.enumType("AttentionKind", {
  description:
    "What kind of trouble it is. FILES_FAILED, PIPELINE_FAILED, DOCUMENT_FAILED and REPORT_FAILING need a person; the others are to keep an eye on.",
  values: {
    FILES_FAILED: { description: "The latest status of HL7 files or logs is FAILED." },
    PIPELINE_FAILED: { description: "The newest run of a pipeline failed, and none is under way that may mend it." },
    DOCUMENT_FAILED: { description: "A step of a document failed." },
    REPORT_FAILING: { description: "A report failed WEIR_FAILING_AFTER times in a row or more." },
    FILES_STUCK: { description: "HL7 files are staged for more than WEIR_STUCK_STAGED_MINUTES." },
    PIPELINE_OVERDUE: { description: "A pipeline should have run, and no run of it is under way." },
    RUN_LONG: { description: "A run of a pipeline takes longer than usual." },
    STEP_STALLED: { description: "A step of a document is in progress for more than WEIR_STEP_TIMEOUT_MINUTES." },
    REPORT_STREAK: { description: "A report failed last time, not often enough yet to be failing." },
    REPORT_LONG: { description: "A report runs for more than WEIR_LONG_RUNNING_MINUTES." },
  } as const,
});

const Severity = builder.enumType("AttentionSeverity", {
  description: "Whether somebody has to act.",
  values: {
    NEEDS_YOU: { description: "It does not mend itself." },
    WATCH: { description: "It may mend itself, or get worse." },
  } as const,
});

const ActionType = builder.enumType("AttentionAction", {
  description: "What may be done about it.",
  values: {
    RETRY: { description: "retryRun, for the newest run of each subject." },
    REFRESH: { description: "refreshReport, for each subject." },
    SHOW: { description: "Look at it: it is mended where the work is done." },
  } as const,
});

const SubjectRef = builder.objectRef<Subject>("AttentionSubject").implement({
  description: "A thing in trouble.",
  fields: (t) => ({
    topic: t.expose("topic", { type: Topic, description: "The kind of thing." }),
    key: t.exposeString("key", {
      description: "Its key: a path, a table name, a run's id, a document's id.",
    }),
    title: t.exposeString("title", { description: "Its name for people." }),
    at: t.expose("at", { type: "DateTime", nullable: true, description: "Since when; null: not known." }),
  }),
});

const SubjectConnection = connectionOf("AttentionSubject", SubjectRef);

const ItemRef = builder.objectRef<Item>("AttentionItem").implement({
  description:
    "Trouble of one cause: one kind, one stage or step, and one error, whatever the numbers, paths and ids in its text.",
  fields: (t) => ({
    id: t.exposeID("id", { description: "Of this cause; the same whenever it comes back." }),
    kind: t.field({ type: Kind, description: "What kind of trouble.", resolve: ({ kind }): KindName => kind }),
    severity: t.field({
      type: Severity,
      description: "Whether somebody has to act.",
      resolve: ({ severity }) => severity,
    }),
    system: t.field({ type: GaugedSystem, description: "Where.", resolve: ({ system }) => system }),
    title: t.exposeString("title", { description: "A sentence: who is in trouble, and what it is." }),
    message: t.exposeString("message", {
      nullable: true,
      description: "The newest error's own words; null when there are none.",
    }),
    count: t.exposeInt("count", { nullable: true, description: "How many subjects; null: more than 1,000." }),
    since: t.expose("since", {
      type: "DateTime",
      nullable: true,
      description: "When the oldest of them came into trouble; null: not known.",
    }),
    latest: t.expose("latest", {
      type: "DateTime",
      nullable: true,
      description: "When the newest did; null: not known.",
    }),
    subjects: t.field({
      type: [SubjectRef],
      args: { first: t.arg.int({ required: true, defaultValue: 20, description: "How many, 1 to 200." }) },
      description: "The newest of them. Errors: BAD_USER_INPUT.",
      resolve: (item, { first }) => [...subjectsOf(item, first)],
    }),
    allSubjects: t.field({
      type: SubjectConnection,
      args: pageArgs,
      description:
        "All of them that are looked at, newest first: 1,000 of each kind. The total is null where there are more. Errors: BAD_USER_INPUT.",
      resolve: (item, args, context) => allSubjectsOf(context, item, args),
    }),
    actions: t.field({
      type: [ActionType],
      description: "What may be done about it.",
      resolve: ({ actions }): Action[] => [...actions],
    }),
    isAcknowledged: t.exposeBoolean("isAcknowledged", {
      description: "Whether the viewer has acknowledged it, and nothing of it is newer.",
    }),
  }),
});

builder.queryFields((t) => ({
  attention: t.field({
    type: [ItemRef],
    authScopes: { role: "VIEWER", system: "all" },
    description:
      "What needs a person, then what to keep an eye on, grouped by cause; of each the oldest first. Empty: everything flows. Of each kind the newest 1,000 are looked at. Role: VIEWER.",
    resolve: async (_root, _args, context) => [...(await attention(context))],
  }),
}));

builder.mutationFields((t) => ({
  acknowledge: t.field({
    type: ItemRef,
    authScopes: { role: "VIEWER", system: "all" },
    args: { id: t.arg.id({ required: true, description: "The item." }) },
    description:
      "Remembers that this viewer has seen an item, until something of its cause is newer. Role: VIEWER. Errors: NOT_FOUND when it is not there any more.",
    resolve: (_root, { id }, context) => acknowledge(context, id),
  }),
}));

builder.subscriptionFields((t) => ({
  attentionChanged: t.field({
    type: [ItemRef],
    authScopes: { role: "VIEWER", system: "all" },
    args: { throttleMs: throttleArg(t) },
    description:
      "What needs attention: at once, and again whenever it differs, as attention answers it. It has no cursor: after a reconnect it is told anew. What comes about by the clock is told within 15 seconds. Role: VIEWER. Errors: BAD_USER_INPUT.",
    subscribe: (_root, { throttleMs }, context) =>
      stateSource(context, { topics: TOPIC_NAMES, throttleMs, isPersonal: true }),
    resolve: async (_tick, _args, context) => [...(await attention(context))],
  }),
}));

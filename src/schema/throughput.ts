import type { Context } from "../resolvers/context.ts";
import {
  documentThroughput,
  ingestThroughput,
  reportThroughput,
  type ThroughputBucket,
} from "../resolvers/throughput.ts";
import type { WindowArgs } from "../resolvers/window.ts";
import { builder } from "./builder.ts";
import { TimeBucket } from "./runs/summary.ts";

const Bucket = builder.objectRef<ThroughputBucket>("ThroughputBucket").implement({
  description: "What came to an end within one column of a chart.",
  fields: (t) => ({
    start: t.expose("start", { type: "DateTime", description: "Where the column begins, in UTC." }),
    done: t.expose("done", { type: "SafeInt", description: "What ended well." }),
    failed: t.expose("failed", { type: "SafeInt", description: "What failed." }),
  }),
});

const args = builder.args((t) => ({
  from: t.field({ type: "DateTime", description: "Where the window begins; null: a day before its end." }),
  to: t.field({ type: "DateTime", description: "Where it ends, exclusive; null: now." }),
  bucket: t.field({ type: TimeBucket, required: true, defaultValue: "hour", description: "Width of the columns." }),
}));

const rest =
  "The window's columns in order, those in which nothing ended as well. Null beside an error alone. Role: VIEWER. Errors: BAD_USER_INPUT for a window of more than 2,000 buckets, TOO_COMPLEX for one in which more than 500,000 came to an end.";

const read =
  (of: (context: Context, window: WindowArgs) => Promise<readonly ThroughputBucket[]>) =>
  async (_root: object, window: WindowArgs, context: Context) => [...(await of(context, window))];

builder.queryFields((t) => ({
  ingestThroughput: t.field({
    type: [Bucket],
    nullable: true,
    authScopes: { role: "VIEWER", system: "ingest" },
    args,
    description: `HL7 files by when they were ingested, and files by when they failed, by the history: each report counts. ${rest}`,
    resolve: read(ingestThroughput),
  }),
  documentThroughput: t.field({
    type: [Bucket],
    nullable: true,
    authScopes: { role: "VIEWER", system: "documents" },
    args,
    description: `Steps of documents by when they succeeded or failed, by the history: each attempt counts. ${rest}`,
    resolve: read(documentThroughput),
  }),
  reportThroughput: t.field({
    type: [Bucket],
    nullable: true,
    authScopes: { role: "VIEWER", system: "reports" },
    args,
    description: `Runs of reports by when they succeeded or failed; those that were left out while the report cooled do not count. ${rest}`,
    resolve: read(reportThroughput),
  }),
}));

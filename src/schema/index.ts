import type { GraphQLSchema } from "graphql";
import { builder } from "./builder.ts";
import "./scalars.ts";
import "./ingest/ingest.ts";
import "./ingest/mutations.ts";
import "./ingest/summary.ts";
import "./pipelines/pipelines.ts";
import "./pipelines/mutations.ts";
import "./runs/runs.ts";
import "./runs/summary.ts";
import "./runs/mutations.ts";
import "./changes.ts";
import "./ingest/changes.ts";
import "./pipelines/changes.ts";
import "./documents/queries.ts";
import "./documents/steps.ts";
import "./documents/mutations.ts";
import "./documents/migration.ts";
import "./documents/changes.ts";
import "./reports/reports.ts";
import "./reports/dashboard.ts";
import "./reports/manifests.ts";
import "./reports/mutations.ts";
import "./reports/changes.ts";
import "./attention.ts";
import "./overview.ts";

/** The schema that is served; schema.graphql is its printed form. */
export const schema: GraphQLSchema = builder.toSchema();

import type { GraphQLSchema } from "graphql";
import { builder } from "./builder.ts";
import "./scalars.ts";
import "./ingest.ts";
import "./ingest-mutations.ts";
import "./ingest-summary.ts";
import "./pipelines.ts";
import "./pipelines-mutations.ts";
import "./runs.ts";
import "./run-summary.ts";
import "./runs-mutations.ts";
import "./changes.ts";
import "./ingest-changes.ts";
import "./pipelines-changes.ts";
import "./documents.ts";
import "./documents-steps.ts";
import "./documents-mutations.ts";
import "./documents-migration.ts";
import "./documents-changes.ts";
import "./seeder.ts";
import "./seeder-dashboard.ts";
import "./seeder-manifests.ts";
import "./seeder-reports.ts";
import "./seeder-changes.ts";
import "./overview.ts";

/** The schema that is served; schema.graphql is its printed form. */
export const schema: GraphQLSchema = builder.toSchema();

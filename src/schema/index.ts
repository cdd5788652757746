import { DirectiveLocation, GraphQLDirective, type GraphQLSchema, specifiedDirectives } from "graphql";
import { builder } from "./builder.ts";
import { withRules } from "./rules.ts";
import "./scalars.ts";
import "./ingest/ingest.ts";
import "./ingest/mutations.ts";
import "./ingest/summary.ts";
import "./pipelines/pipelines.ts";
import "./pipelines/mutations.ts";
import "./runs/runs.ts";
import "./runs/summary.ts";
import "./runs/durations.ts";
import "./runs/drivers.ts";
import "./runs/lists.ts";
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
import "./reports/all-reports.ts";
import "./reports/dashboard.ts";
import "./reports/manifests.ts";
import "./reports/mutations.ts";
import "./reports/changes.ts";
import "./attention.ts";
import "./overview.ts";
import "./service.ts";
import "./throughput.ts";
import "./access/access.ts";
import "./access/audit.ts";
import "./nodes.ts";
import "./search.ts";

/** graphql-js acts on it by its name, and does not have it in a schema by itself. */
const KEEP_THE_OTHERS = new GraphQLDirective({
  name: "experimental_disableErrorPropagation",
  description:
    "A field that fails is null and leaves everything around it, also where its type says that it is never null: look at errors before you read it.",
  locations: [DirectiveLocation.QUERY, DirectiveLocation.MUTATION],
});

/** The schema that is served; schema.graphql is its printed form. */
export const schema: GraphQLSchema = withRules(
  builder.toSchema({ directives: [...specifiedDirectives, KEEP_THE_OTHERS] }),
);

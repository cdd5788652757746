import { buildSchema } from "graphql";
import { expect, it } from "vitest";
import { withRules } from "../../src/schema/rules.ts";

it.each(["Query", "Mutation", "Subscription"])(
  "a %s field without a rule keeps the schema from being served",
  (root) => {
    const types = root === "Query" ? "" : "type Query { a: Int }";
    expect(() => withRules(buildSchema(`${types} type ${root} { forgotten: Int }`))).toThrow("has no rule");
  },
);

import SchemaBuilder from "@pothos/core";
import ScopeAuthPlugin from "@pothos/plugin-scope-auth";
import type { Context } from "../resolvers/context.ts";
import { userError } from "../resolvers/errors.ts";
import type { JsonObject } from "../resolvers/pipelines/credentials.ts";
import { hasRole, type Role, type System, sees } from "../resolvers/viewer.ts";

export interface OwnTypes {
  Context: Context;
  AuthScopes: { role: Role; system: System | "all" };
  DefaultAuthStrategy: "all";
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string | number };
    DateTime: { Input: string; Output: string };
    Date: { Input: string; Output: string };
    SafeInt: { Input: number; Output: number };
    Cursor: { Input: string; Output: string };
    JSONObject: { Input: JsonObject; Output: JsonObject };
  };
}

export type SchemaTypes = PothosSchemaTypes.ExtendDefaultTypes<OwnTypes>;

/** Defines no types: they stand with their system, and index.ts brings them together. */
export const builder = new SchemaBuilder<OwnTypes>({
  plugins: [ScopeAuthPlugin],
  defaultFieldNullability: false,
  scopeAuth: {
    authorizeOnSubscribe: true,
    // Synchronous: the viewer was resolved when the context was made.
    authScopes: ({ viewer }) => ({
      role: (needed) => hasRole(viewer, needed),
      system: (system) => sees(viewer, system),
    }),
    defaultStrategy: "all",
    unauthorizedError: (_parent, { viewer }, { parentType, fieldName }, { failure }) => {
      const failures = "failures" in failure ? failure.failures : [failure];
      const isSystem = failures.some((part) => "scope" in part && part.scope === "system");
      return userError(
        "FORBIDDEN",
        `${parentType.name}.${fieldName} is not open to ${isSystem ? "a token that is limited to other systems" : `the role ${viewer.role}`}.`,
      );
    },
  },
});

builder.queryType({ description: "Reads. Lists are Relay connections, paged by keyset: every page costs the same." });
builder.mutationType({ description: "Reports. A mutation that was answered is stored and announced." });
builder.subscriptionType({
  description: [
    "Every field delivers changes in commit order per subject, exactly once per subscription.",
    "after: continue behind this position; changes missed since then come first, marked isReplay.",
    "A position older than the retention answers with error code CURSOR_EXPIRED.",
  ].join("\n"),
});

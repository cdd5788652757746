import type { SchemaTypes } from "./builder.ts";

type ArgBuilder = PothosSchemaTypes.SubscriptionFieldBuilder<SchemaTypes, object>;

/** The argument `throttleMs` of a subscription to a whole state. */
export function throttleArg(t: ArgBuilder) {
  return t.arg.int({
    required: true,
    defaultValue: 1_000,
    description: "Milliseconds between two answers at least, 250 to 60000.",
  });
}

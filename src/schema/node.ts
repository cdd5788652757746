import { builder } from "./builder.ts";

/** Which type a row that was loaded by its global id is of: rows do not say it themselves. */
const typeOf = new WeakMap<object, string>();

export function markAs<Row extends object>(type: string, row: Row): Row {
  typeOf.set(row, type);
  return row;
}

/** What every entity implements; nodes.ts says how each is found. */
export const Node = builder.interfaceRef<object>("Node").implement({
  description:
    "An entity: what has an id of its own. Clients that keep what they have read (Relay, Apollo, urql) know it again by that.",
  resolveType: (row) => typeOf.get(row),
  fields: (t) => ({
    nodeId: t.id({
      description:
        "Unique among all entities, opaque, and the same for ever: Query.node finds the entity by it. `id` is unique within its type.",
      resolve: () => {
        throw new Error("an entity is missing in nodes.ts");
      },
    }),
  }),
});

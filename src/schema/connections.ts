import type { ObjectRef } from "@pothos/core";
import type { Connection } from "../resolvers/paging.ts";
import { builder, type SchemaTypes } from "./builder.ts";

type Edge<Node> = Connection<Node>["edges"][number];

const PageInfo = builder.objectRef<Connection<unknown>>("PageInfo").implement({
  description: "Where a page stands in its list.",
  fields: (t) => ({
    hasNextPage: t.exposeBoolean("hasNextPage", {
      description: "Whether entries follow. Paging backward: whether before was given.",
    }),
    hasPreviousPage: t.exposeBoolean("hasPreviousPage", {
      description: "Whether entries precede. Paging forward: whether after was given.",
    }),
    startCursor: t.string({
      nullable: true,
      description: "Cursor of the page's first entry; null when the page is empty.",
      resolve: ({ edges }) => edges.at(0)?.cursor() ?? null,
    }),
    endCursor: t.string({
      nullable: true,
      description: "Cursor of the page's last entry; null when the page is empty.",
      resolve: ({ edges }) => edges.at(-1)?.cursor() ?? null,
    }),
  }),
});

/** Makes `<Name>Connection` and `<Name>Edge` of a node type. */
export function connectionOf<Node extends object>(name: string, nodeRef: ObjectRef<SchemaTypes, Node>) {
  // Pothos can't relate the shape of a field to a type parameter; inside, a node is any object. The result has it right.
  const node = nodeRef as unknown as ObjectRef<SchemaTypes, object>;
  const EdgeRef = builder.objectRef<Edge<object>>(`${name}Edge`).implement({
    description: `An entry of a list of ${name} with its place in it.`,
    fields: (t) => ({
      cursor: t.string({
        description: "Pass it as after or before of the same list.",
        resolve: (edge) => edge.cursor(),
      }),
      node: t.field({ type: node, description: "The entry.", resolve: (edge) => edge.node }),
    }),
  });
  const ConnectionRef = builder.objectRef<Connection<object>>(`${name}Connection`).implement({
    description: `A page of ${name}.`,
    fields: (t) => ({
      edges: t.field({
        type: [EdgeRef],
        description: "The page's entries with their cursors.",
        resolve: ({ edges }) => edges,
      }),
      nodes: t.field({
        type: [node],
        description: "The page's entries.",
        resolve: ({ edges }) => edges.map((edge) => edge.node),
      }),
      pageInfo: t.field({
        type: PageInfo,
        description: "Where the page stands in the list.",
        resolve: (connection) => connection,
      }),
      totalCount: t.int({
        nullable: true,
        description: "Entries of the whole list. Counted only when selected, exact up to 10000, beyond that null.",
        resolve: (connection) => connection.totalCount(),
      }),
    }),
  });
  return ConnectionRef as unknown as ObjectRef<SchemaTypes, Connection<Node>>;
}

/** Relay's arguments, for a list. */
export const pageArgs = builder.args((t) => ({
  first: t.int({
    description: "Entries from the start of the list, or behind after; 50 when neither first nor last is given.",
  }),
  after: t.string({ description: "A cursor of this list: the page begins behind it." }),
  last: t.int({ description: "Entries from the end of the list, or ahead of before." }),
  before: t.string({ description: "A cursor of this list: the page ends ahead of it." }),
}));

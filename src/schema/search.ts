import { encodeNodeId } from "../resolvers/nodes/ids.ts";
import { type SearchHit, search } from "../resolvers/search.ts";
import { builder } from "./builder.ts";
import { Topic } from "./changes.ts";
import { Node } from "./node.ts";
import { find } from "./nodes.ts";

const Hit = builder.objectRef<SearchHit>("SearchHit").implement({
  description: "A thing that a text was found in.",
  fields: (t) => ({
    topic: t.expose("topic", { type: Topic, description: "The kind of thing." }),
    key: t.exposeString("key", {
      description: "Its key: a path, a table name, a run's id, a document's id.",
    }),
    title: t.exposeString("title", { description: "Its name for people." }),
    message: t.exposeString("message", {
      nullable: true,
      description: "The error that has the text; null where the thing's own name, path or id has it.",
    }),
    node: t.field({
      type: Node,
      nullable: true,
      description:
        "The thing itself; null for a report that never ran, and for a HL7 file that was found by its error.",
      resolve: ({ type, id }, _args, context) => find(context, encodeNodeId(type, id)),
    }),
  }),
});

builder.queryFields((t) => ({
  search: t.field({
    type: [Hit],
    nullable: true,
    authScopes: { role: "VIEWER", system: "all" },
    args: {
      text: t.arg.string({
        required: true,
        description: "What to look for, in any case of letters, 1 to 200 characters.",
      }),
      first: t.arg.int({ required: true, defaultValue: 20, description: "Most hits, 1 to WEIR_MAX_PAGE_SIZE." }),
    },
    description:
      "What has the text in its name, in all systems that are open to the token: first what it names exactly (a path, a table, a run's or document's id, a filehash), then paths that begin with it, then names that have it anywhere, then what is in trouble with it in its error. Of documents and logs the newest 20,000 are looked through for a part of a name. Null beside an error alone. Role: VIEWER. Errors: BAD_USER_INPUT.",
    resolve: async (_root, { text, first }, context) => [...(await search(context, text, first))],
  }),
}));

import { type DocumentNode, print } from "graphql";

/** A document that carries its types, of whatever generator: graphql-codegen as text or as a node, gql.tada, TypedDocumentNode. */
export interface TypedDocument<Data, Variables> {
  // A method would be checked less strictly: documents of other variables would fit.
  // eslint-disable-next-line typescript/method-signature-style
  __apiType?: (variables: Variables) => Data;
}

/** What can be sent: a typed document, one that was parsed, or its text. */
export type Sendable<Data, Variables> = TypedDocument<Data, Variables> | DocumentNode | string;

/** Variables may be left out where none is required. */
export type Rest<Variables, Options> =
  Record<string, never> extends Variables
    ? [variables?: Variables, options?: Options]
    : [variables: Variables, options?: Options];

const printed = new WeakMap<object, string>();

/** Throws TypeError for what is no document. */
export function textOf(document: unknown): string {
  if (typeof document === "string") return document;
  // graphql-codegen's documents as text are objects of String.
  if (Object.prototype.toString.call(document) === "[object String]") return String(document);
  if (!isNode(document)) throw new TypeError("A document is a text, or what gql, graphql() or a code generator made.");
  const text = printed.get(document) ?? print(document);
  printed.set(document, text);
  return text;
}

function isNode(document: unknown): document is DocumentNode {
  return typeof document === "object" && document !== null && "kind" in document && document.kind === "Document";
}

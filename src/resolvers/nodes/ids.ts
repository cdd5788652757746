import { badInput } from "../errors.ts";
import { textProblem } from "../text.ts";

/** What a global id names. */
export interface NodeName {
  /** A type of the schema. */
  readonly type: string;
  /** Its `id`, unique within the type. */
  readonly id: string;
}

const FORM = /^([A-Z]\w*):(.+)$/s;

/** Opaque to clients; base64url, so that it stands in an address as it is. */
export function encodeNodeId(type: string, id: string | number): string {
  return Buffer.from(`${type}:${id}`).toString("base64url");
}

/** Throws BAD_USER_INPUT for text that no service has answered. */
export function decodeNodeId(nodeId: string): NodeName {
  const bytes = Buffer.from(nodeId, "base64url");
  const text = bytes.toString();
  const [, type, id] = FORM.exec(text) ?? [];
  // The one way to write it: what decodes to the same bytes is another text.
  const isCanonical = bytes.toString("base64url") === nodeId && Buffer.from(text).equals(bytes);
  if (type === undefined || id === undefined || !isCanonical || textProblem(text) !== undefined)
    throw malformedNodeId(nodeId);
  return { type, id };
}

export function malformedNodeId(nodeId: string): Error {
  const shown = nodeId.length > 60 ? `${nodeId.slice(0, 60)}…` : nodeId;
  return badInput(`${JSON.stringify(shown)} is no global id. Give the nodeId of an entity, as it was answered.`);
}

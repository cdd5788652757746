import type { Context } from "../context.ts";
import { badInput, userError } from "../errors.ts";
import { numberedId } from "../input.ts";
import { hasRole, type Role, type System, sees } from "../viewer.ts";
import { decodeNodeId, malformedNodeId } from "./ids.ts";

/** How the entities of one type are found by their ids, and who may see them. */
export interface NodeSource<Row extends object> {
  readonly role: Role;
  readonly system: System | "all";
  /** Those that are asked for at once are read together. Null: there is none, or the viewer does not see it. Undefined: no id of this type. */
  readonly load: (context: Context, id: string) => Promise<Row | null> | undefined;
}

/** For a type whose ids are numbers. */
export function numbered<Row>(
  load: (context: Context, id: number) => Promise<Row | null>,
): (context: Context, id: string) => Promise<Row | null> | undefined {
  return (context, id) => {
    const number = numberedId(id);
    return number === undefined ? undefined : load(context, number);
  };
}

/** The entity; null when there is none, or the viewer does not see it. Throws BAD_USER_INPUT and FORBIDDEN. */
export async function node(
  context: Context,
  sources: ReadonlyMap<string, NodeSource<object>>,
  nodeId: string,
): Promise<{ readonly type: string; readonly row: object } | null> {
  const { type, id } = decodeNodeId(nodeId);
  const source = sources.get(type);
  if (source === undefined) throw malformedNodeId(nodeId);
  const { viewer } = context;
  if (!hasRole(viewer, source.role) || !sees(viewer, source.system))
    throw userError("FORBIDDEN", `A ${type} is not open to this token.`);
  const loaded = source.load(context, id);
  if (loaded === undefined) throw malformedNodeId(nodeId);
  const row = await loaded;
  return row === null ? null : { type, row };
}

/** Throws BAD_USER_INPUT for more ids than a page has entries. */
export function assertFew({ settings }: Context, nodeIds: readonly string[]): void {
  if (nodeIds.length > settings.maxPageSize)
    throw badInput(`There are ${nodeIds.length} nodeIds; ask for at most ${settings.maxPageSize} at once.`);
}

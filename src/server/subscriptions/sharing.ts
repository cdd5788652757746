import { type DocumentNode, Kind, visit } from "graphql";
import type { Viewer } from "../../resolvers/viewer.ts";
import type { Operation } from "../operation.ts";

const cursorVariables = new WeakMap<DocumentNode, string | null>();

/**
 * Subscriptions with the same key get the same payloads, so one execution serves them all: same document, operation and
 * variables, and viewers who see the same. The variable that says where to begin is left out; each subscription catches up by itself.
 */
export function sharingKey({ document, query, operationName, variables }: Operation, viewer: Viewer): string {
  let cursorVariable = cursorVariables.get(document);
  if (cursorVariable === undefined) {
    cursorVariable = findCursorVariable(document);
    cursorVariables.set(document, cursorVariable);
  }
  const kept = Object.entries(variables).filter(([name]) => name !== cursorVariable);
  kept.sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([
    viewer.role,
    viewer.agencySlugs?.toSorted() ?? null,
    viewer.systems?.toSorted() ?? null,
    query,
    operationName ?? null,
    kept,
  ]);
}

/** The variable that a root field's `after` takes, unless the document uses it elsewhere as well. */
function findCursorVariable(document: DocumentNode): string | null {
  const uses = new Map<string, number>();
  visit(document, {
    Variable(node, _key, parent) {
      // The definition is no use.
      if (parent !== undefined && "kind" in parent && parent.kind === Kind.VARIABLE_DEFINITION) return;
      uses.set(node.name.value, (uses.get(node.name.value) ?? 0) + 1);
    },
  });
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const selection of definition.selectionSet.selections) {
      if (selection.kind !== Kind.FIELD) continue;
      const after = selection.arguments?.find(({ name }) => name.value === "after")?.value;
      if (after?.kind === Kind.VARIABLE && uses.get(after.name.value) === 1) return after.name.value;
    }
  }
  return null;
}

import { type ExecutionResult, Kind } from "graphql";
import { createLRUCache } from "graphql-yoga";
import { type Asset, makeAsset } from "./assets.ts";
import type { Operation, Operations } from "./operation.ts";

/** Questions for the schema that are remembered: each tool has one or two, and an answer takes a megabyte with its compressed forms. */
const MOST_ANSWERS = 10;
/** Characters of a question with its variables. */
const LONGEST_QUESTION = 20_000;

/** The same operations, but that an answer to a question for the schema alone, the same for everyone who may ask, is made and compressed once. */
export function answeringSchemaOnce(operations: Operations): Operations {
  const answers = createLRUCache<Promise<ExecutionResult>>({ max: MOST_ANSWERS });
  const forms = new WeakMap<ExecutionResult, Promise<Asset>>();

  async function make(question: string, execute: () => Promise<ExecutionResult>): Promise<ExecutionResult> {
    const result = await execute();
    if (result.errors !== undefined) answers.delete(question);
    else {
      const plain = Buffer.from(JSON.stringify(result));
      forms.set(result, makeAsset({ type: "application/json", plain, policy: "", isImmutable: false }));
    }
    return result;
  }

  return {
    ...operations,
    execute(operation, viewer) {
      const execute = () => operations.execute(operation, viewer);
      if (!isIntrospection(operation)) return execute();
      const { query, operationName, variables } = operation;
      const question = JSON.stringify([query, operationName ?? null, variables]);
      if (question.length > LONGEST_QUESTION) return execute();
      const known = answers.get(question);
      if (known !== undefined) return known;
      const made = make(question, execute);
      answers.set(question, made);
      return made;
    },
    formsOf: (result) => forms.get(result),
  };
}

/** Whether an operation asks for the schema, and for nothing else. */
export function isIntrospection({ node }: Operation): boolean {
  if (node.operation !== "query") return false;
  const names = node.selectionSet.selections.map((field) => (field.kind === Kind.FIELD ? field.name.value : ""));
  return names.some((name) => name !== "__typename") && names.every((name) => name.startsWith("__"));
}

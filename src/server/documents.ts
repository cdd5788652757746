import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  type ValidationContext,
  validate,
  visit,
} from "graphql";
import { userError } from "../resolvers/errors.ts";
import { textProblem } from "../resolvers/text.ts";
import { withCode } from "./present.ts";

/** A document that is valid, or why it is not. */
interface ReadDocument {
  readonly document?: DocumentNode;
  readonly errors?: readonly GraphQLError[];
}

/** Of all remembered documents together, some thousand of usual ones: what is made of a text takes hundreds of bytes for each. */
const CACHED_CHARACTERS = 500_000;
/** Longer documents are not worth remembering: they are rarely sent twice, and would hold much memory. */
const CACHED_LENGTH = 20_000;
const MOST_VALIDATION_ERRORS = 20;
/** Pairs of fields that are answered under one name: a rule of the specification compares each with each. */
const MOST_PAIRS = 125_000;

export interface DocumentRules {
  /** Most tokens of a document. */
  readonly tokens: number;
  /** Most fragments of a document: validation compares each with each, and follows them into one another. */
  readonly fragments: number;
  /** False: the schema can't be asked for, and no error suggests a name of it. */
  readonly hasIntrospection: boolean;
}

/** Reads the text of GraphQL documents: parsed and validated once, remembered by their text. */
export interface Documents {
  /**
   * Resolves when it is this text's turn to be read. Undefined: it is known, and waits for nobody. Of texts that are not known one is read in
   * a round of the event loop: however many come at once, and whatever they cost, others are answered in between.
   */
  turn(query: string): Promise<void> | undefined;
  /** Throws RangeError for one that is nested beyond what a stack holds. */
  read(query: string): ReadDocument;
}

export function createDocuments(schema: GraphQLSchema, rules: DocumentRules): Documents {
  const cache = createCache();
  const waiting: (() => void)[] = [];
  const letOneIn = () => {
    waiting.shift()?.();
    if (waiting.length > 0) setImmediate(letOneIn);
  };
  return {
    turn(query) {
      if (cache.has(query)) return undefined;
      return new Promise((resolve) => {
        waiting.push(resolve);
        if (waiting.length === 1) setImmediate(letOneIn);
      });
    },
    read(query) {
      const known = cache.get(query);
      if (known !== undefined) return known;
      const read = parseAndValidate(schema, query, rules);
      if (query.length <= CACHED_LENGTH) cache.set(query, read);
      return read;
    },
  };
}

/** Forgets the texts that were asked for least recently. Counted by characters: a few hundred large documents fill a gigabyte. */
function createCache() {
  const known = new Map<string, ReadDocument>();
  let characters = 0;
  return {
    has: (text: string) => known.has(text),
    get(text: string): ReadDocument | undefined {
      const found = known.get(text);
      if (found === undefined) return undefined;
      known.delete(text);
      known.set(text, found);
      return found;
    },
    /** Of a text that is not known. */
    set(text: string, read: ReadDocument): void {
      known.set(text, read);
      characters += text.length;
      for (const oldest of known.keys()) {
        if (characters <= CACHED_CHARACTERS) return;
        known.delete(oldest);
        characters -= oldest.length;
      }
    },
  };
}

function parseAndValidate(schema: GraphQLSchema, query: string, rules: DocumentRules): ReadDocument {
  try {
    const document = parse(query, { maxTokens: rules.tokens });
    const fragments = document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION).length;
    if (fragments > rules.fragments) return { errors: [tooMany("fragments", rules.fragments, "WEIR_MAX_FRAGMENTS")] };
    if (pairsToCompare(document) > MOST_PAIRS) return { errors: [tooManyAlike()] };
    const introspection = rules.hasIntrospection ? [] : [NoSchemaIntrospectionCustomRule];
    const errors = validate(schema, document, [...specifiedRules, ...introspection, refuseUnstorableText], {
      maxErrors: MOST_VALIDATION_ERRORS,
      hideSuggestions: !rules.hasIntrospection,
    });
    if (errors.length === 0) return { document };
    return { errors: errors.map((error) => withCode(error, "GRAPHQL_VALIDATION_FAILED")) };
  } catch (error) {
    if (error instanceof GraphQLError && /more than \d+ tokens/.test(error.message)) {
      return { errors: [tooMany("tokens", rules.tokens, "WEIR_MAX_TOKENS")] };
    }
    if (error instanceof GraphQLError) return { errors: [withCode(error, "GRAPHQL_PARSE_FAILED")] };
    throw error;
  }
}

/** At the same place, that is: within fragments, whose place is not known, places are taken for the same. */
function pairsToCompare(document: DocumentNode): number {
  const fields = new Map<string, number>();
  let place = "";
  visit(document, {
    Field: {
      enter({ alias, name }) {
        place += `/${(alias ?? name).value}`;
        fields.set(place, (fields.get(place) ?? 0) + 1);
      },
      leave() {
        place = place.slice(0, place.lastIndexOf("/"));
      },
    },
  });
  return [...fields.values()].reduce((pairs, count) => pairs + (count * (count - 1)) / 2, 0);
}

function tooMany(what: string, most: number, setting: string): GraphQLError {
  return userError("TOO_COMPLEX", `The document has more than ${most} ${what} (${setting}). Ask for less at a time.`);
}

function tooManyAlike(): GraphQLError {
  return userError("TOO_COMPLEX", "The document asks for too many fields under one name. Name each once.");
}

/** Text in the document itself goes to the database as well. */
function refuseUnstorableText(context: ValidationContext) {
  return {
    StringValue(node: { readonly value: string; readonly kind: Kind.STRING }) {
      const problem = textProblem(node.value);
      if (problem !== undefined)
        context.reportError(new GraphQLError(`A text in the document ${problem}.`, { nodes: [node] }));
    },
  };
}

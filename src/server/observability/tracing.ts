import { AsyncLocalStorage } from "node:async_hooks";
import type { Span, SpanKind, Context as TraceContext } from "@opentelemetry/api";
import { defaultFieldResolver, GraphQLObjectType, GraphQLSchema } from "graphql";
import { nameOfStatement, type ObserveStatement } from "../../db/client.ts";
import type { Config } from "../config.ts";
import type { Logger } from "../log.ts";
import type { Operation, Operations } from "../operation.ts";
import { outcomeOf } from "../present.ts";
import type { AroundDelivery } from "../subscriptions/fanout.ts";
import { openExporter } from "./tracing-export.ts";

/** Characters of an operation's name in a span; the client chooses it. */
const LONGEST_NAME = 100;
/** What is the service's own fault, or its database's. */
const FAULTS = new Set(["INTERNAL_SERVER_ERROR", "UNAVAILABLE"]);

/**
 * Spans of operations, of resolvers of their root fields, of statements within them, and of deliveries to subscribers. Names and codes alone
 * are in them: no document, no variable, no text of a statement, no message of an error.
 */
export interface Tracing extends AsyncDisposable {
  /** The same operations, each in a span below that of its caller. */
  traced(operations: Operations): Operations;
  /** The same schema, with a span for each root field. */
  schema(schema: GraphQLSchema): GraphQLSchema;
  /** Spans of statements, but of those that nobody asked for. */
  readonly observe: ObserveStatement;
  readonly around: AroundDelivery;
}

/** Null without an endpoint: then nothing of OpenTelemetry is loaded. */
export async function createTracing(config: Config, log: Logger): Promise<Tracing | null> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own } = config;
  const url = own ?? (base === undefined ? undefined : `${base.replace(/\/$/, "")}/v1/traces`);
  if (url === undefined || config.OTEL_SDK_DISABLED === "true") return null;
  const { ROOT_CONTEXT, SpanKind: kinds, SpanStatusCode, trace } = await import("@opentelemetry/api");
  const { tracer, contextOf, close } = await openExporter(url, log);
  const active = new AsyncLocalStorage<TraceContext>();

  const end = (span: Span, code: string) => {
    span.setAttribute("weir.code", code);
    if (FAULTS.has(code)) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  };
  const start: Start = (name, kind, parent, attributes) => {
    const span = tracer.startSpan(name, { kind, attributes }, parent);
    return { span, context: trace.setSpan(parent, span) };
  };

  async function inSpan<Result extends object>(operation: Operation, run: () => Promise<Result>): Promise<Result> {
    const { node, caller } = operation;
    const name = node.name?.value.slice(0, LONGEST_NAME);
    const { span, context } = start(
      name === undefined ? node.operation : `${node.operation} ${name}`,
      kinds.SERVER,
      contextOf(caller),
      { "graphql.operation.type": node.operation, ...(name === undefined ? {} : { "graphql.operation.name": name }) },
    );
    const result = await active.run(context, run);
    end(span, outcomeOf(result));
    return result;
  }

  return {
    traced: (operations) => ({
      ...operations,
      execute: (operation, viewer) => inSpan(operation, () => operations.execute(operation, viewer)),
      subscribe: (operation, viewer) => inSpan(operation, () => operations.subscribe(operation, viewer)),
    }),
    schema: (schema) =>
      withRootSpans(schema, (field, run) => {
        const parent = active.getStore();
        if (parent === undefined) return run();
        const { span, context } = start(field, kinds.INTERNAL, parent, { "graphql.field.name": field });
        return active.run(context, () => endsWith(run, (hasFailed) => end(span, hasFailed ? "FAILED" : "OK")));
      }),
    observe() {
      const parent = active.getStore();
      let span: Span | undefined;
      return {
        sent(text) {
          if (parent === undefined || span !== undefined) return;
          const name = nameOfStatement(text);
          ({ span } = start(name, kinds.CLIENT, parent, {
            "db.system.name": "postgresql",
            "db.query.summary": name,
          }));
        },
        ended(error) {
          if (error !== undefined && error !== null) span?.setStatus({ code: SpanStatusCode.ERROR });
          // Of a span that has ended this does nothing.
          span?.end();
        },
      };
    },
    async around({ change }, sockets, run) {
      const { span, context } = start(`deliver ${change.topic}`, kinds.PRODUCER, ROOT_CONTEXT, {
        "weir.topic": change.topic,
        "weir.sockets": sockets,
      });
      await active.run(context, run).finally(() => span.end());
    },
    [Symbol.asyncDispose]: close,
  };
}

type Start = (
  name: string,
  kind: SpanKind,
  parent: TraceContext,
  attributes: Readonly<Record<string, string | number>>,
) => { readonly span: Span; readonly context: TraceContext };

/** Runs, and tells when it has ended and whether it failed, at once or later. */
function endsWith(run: () => unknown, ended: (hasFailed: boolean) => void): unknown {
  try {
    const result = run();
    if (!(result instanceof Promise)) {
      ended(false);
      return result;
    }
    return result.then(
      (value: unknown) => {
        ended(false);
        return value;
      },
      (error: unknown) => {
        ended(true);
        throw error;
      },
    );
  } catch (error) {
    ended(true);
    throw error;
  }
}

/** A schema is shared by all services of a process: another one, of the same types, has the spans. */
function withRootSpans(schema: GraphQLSchema, span: (field: string, run: () => unknown) => unknown): GraphQLSchema {
  const traced = (type: GraphQLObjectType | null | undefined) => {
    if (type == null) return type;
    const config = type.toConfig();
    const fields = Object.entries(config.fields).map(([name, field]) => {
      const { resolve = defaultFieldResolver, subscribe } = field;
      return [
        name,
        {
          ...field,
          ...(subscribe === undefined
            ? {
                resolve: (...given: Parameters<typeof resolve>) =>
                  span(`${type.name}.${name}`, () => resolve(...given)),
              }
            : {
                subscribe: (...given: Parameters<typeof subscribe>) =>
                  span(`${type.name}.${name}`, () => subscribe(...given)),
              }),
        },
      ] as const;
    });
    return new GraphQLObjectType({ ...config, fields: Object.fromEntries(fields) });
  };
  const config = schema.toConfig();
  const roots = {
    query: traced(config.query),
    mutation: traced(config.mutation),
    subscription: traced(config.subscription),
  };
  const replaced = new Set([config.query, config.mutation, config.subscription]);
  return new GraphQLSchema({
    ...config,
    ...roots,
    types: config.types.filter((type) => !(type instanceof GraphQLObjectType && replaced.has(type))),
  });
}

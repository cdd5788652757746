import { readFileSync } from "node:fs";
import type { Context as TraceContext, Tracer } from "@opentelemetry/api";
import type { ExportResultCode } from "@opentelemetry/core";
import type { Sampler, SpanExporter } from "@opentelemetry/sdk-trace";
import type { Logger } from "../log.ts";
import type { Caller } from "../operation.ts";

/** Milliseconds between two lines of the log that say that spans get lost. */
const COMPLAIN_EVERY = 60_000;
/** Milliseconds that the end of the service waits for its last spans. */
const CLOSE_WITHIN = 3_000;

const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

/** Where spans go, and where they come from. */
interface Exporter {
  readonly tracer: Tracer;
  /** The context that a caller sent; a new trace without one. */
  readonly contextOf: (caller: Caller | undefined) => TraceContext;
  /** Sends what is left, within seconds. */
  readonly close: () => Promise<void>;
}

/**
 * Sends spans to this URL by OTLP over HTTP, as the standard's variables say: OTEL_EXPORTER_OTLP_*, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES,
 * OTEL_TRACES_SAMPLER with its argument, OTEL_BSP_*.
 */
export async function openExporter(url: string, log: Logger): Promise<Exporter> {
  const { ROOT_CONTEXT, defaultTextMapGetter } = await import("@opentelemetry/api");
  const { ExportResultCode, W3CTraceContextPropagator } = await import("@opentelemetry/core");
  const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-http");
  const { detectResources, envDetector, resourceFromAttributes } = await import("@opentelemetry/resources");
  const { BatchSpanProcessor, TracerProvider } = await import("@opentelemetry/sdk-trace");
  const { env } = process;
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": "weir", "service.version": version }).merge(
      detectResources({ detectors: [envDetector] }),
    ),
    sampler: await samplerOf(env["OTEL_TRACES_SAMPLER"], env["OTEL_TRACES_SAMPLER_ARG"]),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: complaining(new OTLPTraceExporter({ url }), ExportResultCode.FAILED, log),
        ...numberOf(env["OTEL_BSP_SCHEDULE_DELAY"], "scheduledDelayMillis"),
        ...numberOf(env["OTEL_BSP_MAX_QUEUE_SIZE"], "maxQueueSize"),
        ...numberOf(env["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"], "maxExportBatchSize"),
        ...numberOf(env["OTEL_BSP_EXPORT_TIMEOUT"], "exportTimeoutMillis"),
      }),
    ],
  });
  const propagator = new W3CTraceContextPropagator();
  return {
    tracer: provider.getTracer("weir", version),
    contextOf: (caller) =>
      caller?.trace === undefined ? ROOT_CONTEXT : propagator.extract(ROOT_CONTEXT, caller.trace, defaultTextMapGetter),
    async close() {
      const late = new Promise((resolve) => setTimeout(resolve, CLOSE_WITHIN).unref());
      await Promise.race([provider.shutdown().catch(() => {}), late]);
    },
  };
}

function numberOf<Name extends string>(text: string | undefined, name: Name): { [name in Name]?: number } {
  return /^\d{1,9}$/.test(text ?? "") ? ({ [name]: Number(text) } as { [name in Name]?: number }) : {};
}

/** The sampler that the standard's variable names; by default whoever called decides, and all of what begins here is kept. */
async function samplerOf(name = "parentbased_always_on", argument: string | undefined): Promise<Sampler> {
  const { AlwaysOffSampler, AlwaysOnSampler, ParentBasedSampler, TraceIdRatioBasedSampler } = await import(
    "@opentelemetry/sdk-trace"
  );
  const ratio = argument === undefined || argument === "" ? Number.NaN : Number(argument);
  const root = name.endsWith("always_off")
    ? new AlwaysOffSampler()
    : name.endsWith("traceidratio") && ratio >= 0 && ratio <= 1
      ? new TraceIdRatioBasedSampler(ratio)
      : new AlwaysOnSampler();
  return name.startsWith("parentbased_") ? new ParentBasedSampler({ root }) : root;
}

/** An endpoint that takes nothing costs spans, never the service. Its words are not logged: they may hold what was sent. */
function complaining(exporter: SpanExporter, failed: ExportResultCode, log: Logger): SpanExporter {
  let saidAt = Number.NEGATIVE_INFINITY;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        if (result.code === failed && performance.now() - saidAt > COMPLAIN_EVERY) {
          saidAt = performance.now();
          log.warn({ spans: spans.length }, "spans could not be sent to OTEL_EXPORTER_OTLP_ENDPOINT");
        }
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
    shutdown: () => exporter.shutdown(),
  };
}

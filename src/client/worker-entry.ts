/** `weir-client/worker`: what workers need beside the client. */
export { createReporter, type FileStatusReport, type Reporter, type ReporterOptions } from "./reporter.ts";
export {
  type ClaimedStage,
  type ReportMetrics,
  Skipped,
  type StageOptions,
  type StageResult,
  type StageVariables,
  type StepOptions,
  withReport,
  withStage,
  withStep,
} from "./worker.ts";

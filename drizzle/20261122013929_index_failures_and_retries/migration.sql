DROP INDEX "pipeline"."pipeline_runs_failures";--> statement-breakpoint
CREATE INDEX "pipeline_runs_failures" ON "pipeline"."pipeline_runs_master" (coalesce(completed_at, started_at, created_at) desc,"id" DESC) WHERE status = 'failed';--> statement-breakpoint
DROP INDEX "pipeline"."pipeline_runs_waiting";--> statement-breakpoint
CREATE INDEX "pipeline_runs_waiting" ON "pipeline"."pipeline_runs_master" ("next_driver","id") WHERE next_driver is not null and status in ('pending', 'running');--> statement-breakpoint
CREATE INDEX "pipeline_runs_retries" ON "pipeline"."pipeline_runs_master" ("retry_of") WHERE ("retry_of" is not null);--> statement-breakpoint
CREATE INDEX "file_processing_steps_failures" ON "documents"."file_processing_steps" (coalesce(completed_at, updated_at, created_at) desc,"id" DESC) WHERE status = 'failure';
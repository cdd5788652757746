CREATE TABLE "pipeline"."drivers" (
	"driver_container" text COLLATE "C",
	"worker" text COLLATE "C",
	"last_seen_at" timestamp with time zone NOT NULL,
	CONSTRAINT "drivers_pkey" PRIMARY KEY("driver_container","worker")
);
--> statement-breakpoint
CREATE INDEX "drivers_by_time" ON "pipeline"."drivers" ("last_seen_at" DESC);--> statement-breakpoint
CREATE INDEX "pipeline_runs_of_table_by_time" ON "pipeline"."pipeline_runs_master" ("source_tablename",coalesce(started_at, created_at));--> statement-breakpoint
CREATE INDEX "stage_logs_by_status" ON "pipeline"."pipeline_run_stage_logs" ("known_status","id" DESC);--> statement-breakpoint
CREATE INDEX "stage_logs_of_table_by_id" ON "pipeline"."pipeline_run_stage_logs" ("source_tablename","id" DESC) WHERE ("source_tablename" is not null);
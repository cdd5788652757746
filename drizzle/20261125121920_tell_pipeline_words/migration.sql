ALTER TABLE "pipeline"."pipeline_config" ADD COLUMN "known_source_to_dl_load_type" text COLLATE "C" GENERATED ALWAYS AS (case when source_to_dl_load_type is not null then coalesce('{"full": "full", "incremental": "incremental"}'::jsonb ->> lower(source_to_dl_load_type collate "C"), 'unknown') end) STORED;--> statement-breakpoint
ALTER TABLE "pipeline"."pipeline_config" ADD COLUMN "known_dl_to_sink_load_type" text COLLATE "C" GENERATED ALWAYS AS (case when dl_to_sink_load_type is not null then coalesce('{"full": "full", "incremental": "incremental"}'::jsonb ->> lower(dl_to_sink_load_type collate "C"), 'unknown') end) STORED;--> statement-breakpoint
ALTER TABLE "pipeline"."pipeline_config" ADD COLUMN "known_last_run_status" text COLLATE "C" GENERATED ALWAYS AS (case when dl_to_sink_last_loader_run_status is not null then coalesce('{"pending": "pending", "running": "running", "success": "success", "failed": "failed", "cancelled": "cancelled"}'::jsonb ->> lower(dl_to_sink_last_loader_run_status collate "C"), 'unknown') end) STORED;--> statement-breakpoint
ALTER TABLE "pipeline"."pipeline_runs_master" ADD COLUMN "known_status" text COLLATE "C" GENERATED ALWAYS AS (case when status is not null then coalesce('{"pending": "pending", "running": "running", "success": "success", "failed": "failed", "cancelled": "cancelled"}'::jsonb ->> lower(status collate "C"), 'unknown') end) STORED;--> statement-breakpoint
ALTER TABLE "pipeline"."pipeline_runs_master" ADD COLUMN "known_triggered_by" text COLLATE "C" GENERATED ALWAYS AS (case when triggered_by is not null then coalesce('{"manual": "manual", "schedule": "schedule", "api": "api"}'::jsonb ->> lower(triggered_by collate "C"), 'unknown') end) STORED;--> statement-breakpoint
ALTER TABLE "pipeline"."pipeline_run_stage_logs" ADD COLUMN "known_status" text COLLATE "C" GENERATED ALWAYS AS (case when status is not null then coalesce('{"running": "running", "success": "success", "failed": "failed", "cancelled": "cancelled"}'::jsonb ->> lower(status collate "C"), 'unknown') end) STORED;--> statement-breakpoint
DROP INDEX "pipeline"."pipeline_config_by_last_status";--> statement-breakpoint
CREATE INDEX "pipeline_config_by_last_status" ON "pipeline"."pipeline_config" ("known_last_run_status","source_tablename");--> statement-breakpoint
DROP INDEX "pipeline"."pipeline_runs_by_status";--> statement-breakpoint
CREATE INDEX "pipeline_runs_by_status" ON "pipeline"."pipeline_runs_master" ("known_status","id" DESC);--> statement-breakpoint
DROP INDEX "pipeline"."pipeline_runs_by_trigger";--> statement-breakpoint
CREATE INDEX "pipeline_runs_by_trigger" ON "pipeline"."pipeline_runs_master" ("known_triggered_by","id" DESC);--> statement-breakpoint
DROP INDEX "pipeline"."pipeline_runs_successes";--> statement-breakpoint
CREATE INDEX "pipeline_runs_successes" ON "pipeline"."pipeline_runs_master" ("source_tablename","completed_at" DESC) WHERE known_status = 'success';--> statement-breakpoint
DROP INDEX "pipeline"."pipeline_runs_unfinished";--> statement-breakpoint
CREATE INDEX "pipeline_runs_unfinished" ON "pipeline"."pipeline_runs_master" ("source_tablename") WHERE known_status in ('pending', 'running');--> statement-breakpoint
DROP INDEX "pipeline"."pipeline_runs_failures";--> statement-breakpoint
CREATE INDEX "pipeline_runs_failures" ON "pipeline"."pipeline_runs_master" (coalesce(completed_at, started_at, created_at) desc,"id" DESC) WHERE known_status = 'failed';--> statement-breakpoint
DROP INDEX "pipeline"."pipeline_runs_waiting";--> statement-breakpoint
CREATE INDEX "pipeline_runs_waiting" ON "pipeline"."pipeline_runs_master" ("next_driver","id") WHERE next_driver is not null and known_status in ('pending', 'running');--> statement-breakpoint
DROP INDEX "pipeline"."stage_logs_leases";--> statement-breakpoint
CREATE INDEX "stage_logs_leases" ON "pipeline"."pipeline_run_stage_logs" ("lease_expires_at") WHERE known_status = 'running' and lease_expires_at is not null;
--> statement-breakpoint
-- Triggers go by what the words mean: case alone is no difference. (Before an insert, generated columns have no value yet.)
CREATE OR REPLACE FUNCTION pipeline.on_run_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- Held until the end: nobody deletes it meanwhile. Not a foreign key: the history outlives its pipeline.
  PERFORM FROM pipeline.pipeline_config c WHERE c.source_tablename = NEW.source_tablename FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'pipeline_config has no source_tablename %', quote_literal(NEW.source_tablename)
      USING ERRCODE = 'foreign_key_violation';
  END IF;
  IF NEW.stages = '[]' THEN
    SELECT coalesce(jsonb_agg(to_jsonb(s) ORDER BY s.stage_order), '[]') INTO NEW.stages
    FROM pipeline.pipeline_stages s WHERE s.pipeline_name = NEW.pipeline_name;
  END IF;
  IF NEW.total_stages = 0 THEN NEW.total_stages := jsonb_array_length(NEW.stages); END IF;
  -- A run that is asked for through the API waits for a driver; who writes runs by SQL runs them too.
  IF weir.writer() IS NOT NULL AND lower(NEW.status) = 'pending' AND NEW.next_stage IS NULL THEN
    NEW.next_stage := (NEW.stages -> 0 ->> 'stage_order')::integer;
    NEW.next_driver := NEW.stages -> 0 ->> 'driver_container';
  END IF;
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION pipeline.on_pipeline_delete() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF EXISTS (SELECT FROM pipeline.pipeline_runs_master r
             WHERE r.source_tablename = OLD.source_tablename AND r.known_status IN ('pending', 'running')) THEN
    RAISE EXCEPTION '% has a run that is not finished', quote_literal(OLD.source_tablename)
      USING ERRCODE = 'foreign_key_violation', HINT = 'Wait for its end, or cancel it.';
  END IF;
  RETURN OLD;
END
$$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION pipeline.on_pipelines_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  unfinished text := (SELECT min(r.source_tablename) FROM pipeline.pipeline_runs_master r WHERE r.known_status IN ('pending', 'running'));
BEGIN
  IF unfinished IS NOT NULL THEN
    RAISE EXCEPTION '% has a run that is not finished', quote_literal(unfinished)
      USING ERRCODE = 'foreign_key_violation', HINT = 'Wait for its end, or cancel it.';
  END IF;
  RETURN NULL;
END
$$;
--> statement-breakpoint
-- Whether a run takes long: beyond the least number of minutes, and beyond twice the median of its pipeline's last 20 successes.
-- The one definition.
CREATE OR REPLACE FUNCTION pipeline.is_long_running(run pipeline.pipeline_runs_master, least_minutes integer, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE
RETURN run.known_status = 'running' AND run.started_at IS NOT NULL AND isfinite(run.started_at) AND at - run.started_at > greatest(
  interval '1 minute' * least_minutes,
  (SELECT 2 * percentile_cont(0.5) WITHIN GROUP (ORDER BY s.completed_at - s.started_at)
   FROM (SELECT r.started_at, r.completed_at FROM pipeline.pipeline_runs_master r
         WHERE r.source_tablename = run.source_tablename AND r.known_status = 'success'
           AND r.completed_at IS NOT NULL AND isfinite(r.completed_at) AND isfinite(r.started_at)
         ORDER BY r.completed_at DESC LIMIT 20) s));
--> statement-breakpoint
-- Changes that are kept carry what the words mean as well: a client that resumes with a filter misses none.
UPDATE weir.change c SET "row" = c."row" || jsonb_build_object(
  'known_status', CASE WHEN lower(c."row" ->> 'status') IN ('pending', 'running', 'success', 'failed', 'cancelled')
                       THEN lower(c."row" ->> 'status') ELSE 'unknown' END,
  'known_triggered_by', CASE WHEN lower(c."row" ->> 'triggered_by') IN ('manual', 'schedule', 'api')
                             THEN lower(c."row" ->> 'triggered_by') ELSE 'unknown' END)
WHERE c.topic = 'RUN' AND c.is_carried;
--> statement-breakpoint
UPDATE weir.change c SET "row" = c."row" || jsonb_build_object(
  'known_status', CASE WHEN lower(c."row" ->> 'status') IN ('running', 'success', 'failed', 'cancelled')
                       THEN lower(c."row" ->> 'status') ELSE 'unknown' END)
WHERE c.topic = 'RUN_STAGE' AND c.is_carried;
--> statement-breakpoint
UPDATE weir.change c SET "row" = c."row" || jsonb_build_object(
  'known_source_to_dl_load_type', CASE WHEN lower(c."row" ->> 'source_to_dl_load_type') IN ('full', 'incremental')
                                       THEN lower(c."row" ->> 'source_to_dl_load_type') ELSE 'unknown' END,
  'known_dl_to_sink_load_type', CASE WHEN lower(c."row" ->> 'dl_to_sink_load_type') IN ('full', 'incremental')
                                     THEN lower(c."row" ->> 'dl_to_sink_load_type') ELSE 'unknown' END,
  'known_last_run_status', CASE WHEN lower(c."row" ->> 'dl_to_sink_last_loader_run_status') IN ('pending', 'running', 'success', 'failed', 'cancelled')
                                THEN lower(c."row" ->> 'dl_to_sink_last_loader_run_status')
                                WHEN c."row" ->> 'dl_to_sink_last_loader_run_status' IS NOT NULL THEN 'unknown' END)
WHERE c.topic = 'PIPELINE' AND c.is_carried;

CREATE TABLE "pipeline"."unstamped_runs" (
	"run_id" bigint PRIMARY KEY
);
--> statement-breakpoint
ALTER TABLE "pipeline"."pipeline_config" ADD COLUMN "source_to_dl_last_loader_run_timestamp" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "pipeline"."pipeline_config" ADD COLUMN "source_to_dl_last_loader_run_status" text;--> statement-breakpoint
ALTER TABLE "pipeline"."pipeline_config" ADD COLUMN "known_source_to_dl_last_run_status" text COLLATE "C" GENERATED ALWAYS AS (case when source_to_dl_last_loader_run_status is not null then coalesce('{"pending": "pending", "running": "running", "success": "success", "failed": "failed", "cancelled": "cancelled"}'::jsonb ->> lower(source_to_dl_last_loader_run_status collate "C"), 'unknown') end) STORED;--> statement-breakpoint
ALTER TABLE "pipeline"."pipeline_runs_master" ADD COLUMN "origin_id" text;--> statement-breakpoint
ALTER TABLE "pipeline"."pipeline_stages" ADD COLUMN "is_active" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "pipeline"."pipeline_stages" ADD COLUMN "created_at" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "pipeline"."pipeline_run_stage_logs" ADD COLUMN "source_tablename" text;--> statement-breakpoint
ALTER TABLE "pipeline"."pipeline_run_stage_logs" ADD COLUMN "pipeline_type" text;--> statement-breakpoint
ALTER TABLE "pipeline"."pipeline_run_stage_logs" ADD COLUMN "makes_run" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "pipeline"."pipeline_run_stage_logs" ADD COLUMN "origin_id" text;--> statement-breakpoint
CREATE INDEX "pipeline_runs_origin" ON "pipeline"."pipeline_runs_master" ("origin_id") WHERE ("origin_id" is not null);--> statement-breakpoint
CREATE INDEX "stage_logs_of_table" ON "pipeline"."pipeline_run_stage_logs" ("source_tablename","started_at" DESC) WHERE ("source_tablename" is not null);--> statement-breakpoint
CREATE INDEX "stage_logs_origin" ON "pipeline"."pipeline_run_stage_logs" ("origin_id") WHERE ("origin_id" is not null);
--> statement-breakpoint
-- A program of SQLite asks for `is_active = 1`: found by the search path that such a program has.
CREATE FUNCTION pipeline.is_flag(flag boolean, number integer) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN flag = (number <> 0);
--> statement-breakpoint
CREATE FUNCTION pipeline.is_no_flag(flag boolean, number integer) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN flag <> (number <> 0);
--> statement-breakpoint
CREATE OPERATOR pipeline.= (LEFTARG = boolean, RIGHTARG = integer, FUNCTION = pipeline.is_flag);
--> statement-breakpoint
CREATE OPERATOR pipeline.<> (LEFTARG = boolean, RIGHTARG = integer, FUNCTION = pipeline.is_no_flag);
--> statement-breakpoint
-- Each run keeps the active stages that its template had when it was made, whoever makes it.
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
    SELECT coalesce(jsonb_agg(to_jsonb(s) - 'is_active' - 'created_at' ORDER BY s.stage_order), '[]') INTO NEW.stages
    FROM pipeline.pipeline_stages s WHERE s.pipeline_name = NEW.pipeline_name AND s.is_active;
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
-- The run of one stage for a log that came without one, as a driver that is started by cron writes it.
CREATE FUNCTION pipeline.make_run_of_log(log pipeline.pipeline_run_stage_logs) RETURNS bigint
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO pipeline.pipeline_runs_master (source_tablename, pipeline_name, status, current_stage, total_stages,
                                             triggered_by, started_at, completed_at, error_message, created_at, stages, origin_id)
  VALUES (log.source_tablename, coalesce(log.pipeline_type, 'default'), log.status, log.stage_order, 1, 'schedule',
          log.started_at, log.completed_at, log.error_message, CASE WHEN isfinite(log.started_at) THEN log.started_at ELSE now() END,
          jsonb_build_array(jsonb_build_object(
            'id', 0, 'pipeline_name', coalesce(log.pipeline_type, 'default'), 'stage_order', log.stage_order,
            'stage_name', coalesce(log.pipeline_type, 'default'), 'stage_type', coalesce(log.pipeline_type, 'default'),
            'driver_container', coalesce(log.worker, log.pipeline_type, 'default'))),
          log.origin_id)
  RETURNING id;
END;
--> statement-breakpoint
CREATE FUNCTION pipeline.on_log_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NEW.source_tablename IS NULL THEN
    RAISE EXCEPTION 'a stage log names neither its run (pipeline_run_id) nor its table (source_tablename)'
      USING ERRCODE = 'not_null_violation';
  END IF;
  NEW.stage_order := coalesce(NEW.stage_order, 1);
  NEW.makes_run := true;
  NEW.pipeline_run_id := pipeline.make_run_of_log(NEW);
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER make_run BEFORE INSERT ON pipeline.pipeline_run_stage_logs
FOR EACH ROW WHEN (NEW.pipeline_run_id IS NULL) EXECUTE FUNCTION pipeline.on_log_insert();
--> statement-breakpoint
CREATE FUNCTION pipeline.on_log_update() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE pipeline.pipeline_runs_master r
  SET status = NEW.status, started_at = NEW.started_at, completed_at = NEW.completed_at, error_message = NEW.error_message
  WHERE r.id = NEW.pipeline_run_id;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER move_run AFTER UPDATE ON pipeline.pipeline_run_stage_logs
FOR EACH ROW WHEN (NEW.makes_run AND (NEW.status, NEW.started_at, NEW.completed_at, NEW.error_message)
                                 IS DISTINCT FROM (OLD.status, OLD.started_at, OLD.completed_at, OLD.error_message))
EXECUTE FUNCTION pipeline.on_log_update();
--> statement-breakpoint
-- Stamps the pipelines of runs that have ended: the time and outcome for both legs, and after a success the watermarks that the
-- stages reported, where they are beyond the stored ones. The one place where that is done. A run that a program ended in the
-- past does not take the place of a later one. A plan that was made while the tables were empty stays: by their indexes, then.
CREATE FUNCTION pipeline.stamp(runs bigint[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
AS $$
BEGIN
  -- In one order, as everybody does.
  PERFORM FROM pipeline.pipeline_config c
  WHERE c.source_tablename IN (SELECT r.source_tablename FROM pipeline.pipeline_runs_master r WHERE r.id = ANY (runs))
  ORDER BY c.source_tablename FOR NO KEY UPDATE;
  UPDATE pipeline.pipeline_config c SET
    dl_to_sink_last_loader_run_timestamp = e.at, dl_to_sink_last_loader_run_status = e.status,
    source_to_dl_last_loader_run_timestamp = e.at, source_to_dl_last_loader_run_status = e.status,
    source_to_dl_last_incremental_value =
      CASE WHEN e.known_status = 'success' AND pipeline.is_later(e.source_to_dl_incremental_value, c.source_to_dl_last_incremental_value)
           THEN e.source_to_dl_incremental_value ELSE c.source_to_dl_last_incremental_value END,
    dl_to_sink_last_incremental_value =
      CASE WHEN e.known_status = 'success' AND pipeline.is_later(e.dl_to_sink_incremental_value, c.dl_to_sink_last_incremental_value)
           THEN e.dl_to_sink_incremental_value ELSE c.dl_to_sink_last_incremental_value END
  FROM (SELECT DISTINCT ON (t.source_tablename) t.*
        FROM (SELECT r.*, CASE WHEN isfinite(r.completed_at) THEN r.completed_at ELSE clock_timestamp() END AS at
              FROM pipeline.pipeline_runs_master r WHERE r.id = ANY (runs)) t
        ORDER BY t.source_tablename, t.at DESC, t.id DESC) e
  WHERE c.source_tablename = e.source_tablename
    AND (weir.writer() IS NOT NULL OR c.dl_to_sink_last_loader_run_timestamp IS NULL
         OR c.dl_to_sink_last_loader_run_timestamp <= e.at);
END
$$;
--> statement-breakpoint
-- For a direct writer, whose own statement must not fail or wait for long because somebody holds a pipeline: the service stamps
-- what is left.
CREATE FUNCTION pipeline.try_stamp(runs bigint[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $$
BEGIN
  PERFORM pipeline.stamp(runs);
EXCEPTION WHEN deadlock_detected OR lock_not_available OR serialization_failure THEN
  INSERT INTO pipeline.unstamped_runs (run_id) SELECT unnest(runs) ON CONFLICT DO NOTHING;
END
$$;
--> statement-breakpoint
-- Whether a run has come to its end; a word of no known meaning says so by the time it stands beside.
CREATE FUNCTION pipeline.has_ended(known_status text, completed_at timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN known_status IN ('success', 'failed', 'cancelled') OR known_status = 'unknown' AND completed_at IS NOT NULL;
--> statement-breakpoint
CREATE FUNCTION pipeline.on_runs_end() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  ended bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    -- A history that is imported has its own stamps.
    ended := ARRAY(SELECT c.id FROM came c WHERE pipeline.has_ended(c.known_status, c.completed_at) AND c.origin_id IS NULL);
  ELSE
    ended := ARRAY(SELECT c.id FROM came c JOIN gone g ON g.id = c.id
                   WHERE pipeline.has_ended(c.known_status, c.completed_at) AND NOT pipeline.has_ended(g.known_status, g.completed_at));
  END IF;
  IF cardinality(ended) = 0 THEN RETURN NULL; END IF;
  IF weir.writer() IS NULL THEN PERFORM pipeline.try_stamp(ended); ELSE PERFORM pipeline.stamp(ended); END IF;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER stamp_insert AFTER INSERT ON pipeline.pipeline_runs_master
REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION pipeline.on_runs_end();
--> statement-breakpoint
CREATE TRIGGER stamp_update AFTER UPDATE ON pipeline.pipeline_runs_master
REFERENCING OLD TABLE AS gone NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION pipeline.on_runs_end();
--> statement-breakpoint
-- Changes that are kept have the flag of a log, which can't be null.
UPDATE weir.change c SET "row" = c."row" || '{"makes_run": false}' WHERE c.topic = 'RUN_STAGE' AND c.is_carried;

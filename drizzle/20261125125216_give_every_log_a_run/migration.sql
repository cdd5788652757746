-- The run of a log that names neither its run nor its table has the empty name, which no pipeline has. Each run keeps the active stages that its template had when it was made, whoever makes it.
CREATE OR REPLACE FUNCTION pipeline.on_run_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- Held until the end: nobody deletes it meanwhile. Not a foreign key: the history outlives its pipeline.
  PERFORM FROM pipeline.pipeline_config c WHERE c.source_tablename = NEW.source_tablename FOR KEY SHARE;
  IF NOT FOUND AND NEW.source_tablename <> '' THEN
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
CREATE OR REPLACE FUNCTION pipeline.make_run_of_log(log pipeline.pipeline_run_stage_logs) RETURNS bigint
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO pipeline.pipeline_runs_master (source_tablename, pipeline_name, status, current_stage, total_stages,
                                             triggered_by, started_at, completed_at, error_message, created_at, stages, origin_id)
  VALUES (coalesce(log.source_tablename, ''), coalesce(log.pipeline_type, 'default'), log.status, log.stage_order, 1, 'schedule',
          log.started_at, log.completed_at, log.error_message, CASE WHEN isfinite(log.started_at) THEN log.started_at ELSE now() END,
          jsonb_build_array(jsonb_build_object(
            'id', 0, 'pipeline_name', coalesce(log.pipeline_type, 'default'), 'stage_order', log.stage_order,
            'stage_name', coalesce(log.pipeline_type, 'default'), 'stage_type', coalesce(log.pipeline_type, 'default'),
            'driver_container', coalesce(log.worker, log.pipeline_type, 'default'))),
          log.origin_id)
  RETURNING id;
END;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION pipeline.on_log_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  NEW.stage_order := coalesce(NEW.stage_order, 1);
  NEW.makes_run := true;
  NEW.pipeline_run_id := pipeline.make_run_of_log(NEW);
  RETURN NEW;
END
$$;
--> statement-breakpoint
-- Those from before.
UPDATE pipeline.pipeline_run_stage_logs l SET makes_run = true, pipeline_run_id = pipeline.make_run_of_log(l)
WHERE l.pipeline_run_id IS NULL;
--> statement-breakpoint
UPDATE weir.change c SET key = l.pipeline_run_id::text, "row" = c."row" || jsonb_build_object('pipeline_run_id', l.pipeline_run_id)
FROM pipeline.pipeline_run_stage_logs l
WHERE c.topic = 'RUN_STAGE' AND c.is_carried AND c."row" ->> 'pipeline_run_id' IS NULL AND l.id = (c."row" ->> 'id')::bigint;
--> statement-breakpoint
ALTER TABLE "pipeline"."pipeline_run_stage_logs" ALTER COLUMN "pipeline_run_id" SET NOT NULL;

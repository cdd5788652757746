-- Each run keeps the stages that its template had when it was made, whoever makes it.
CREATE FUNCTION pipeline.on_run_insert() RETURNS trigger
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
  IF weir.writer() IS NOT NULL AND NEW.status = 'pending' AND NEW.next_stage IS NULL THEN
    NEW.next_stage := (NEW.stages -> 0 ->> 'stage_order')::integer;
    NEW.next_driver := NEW.stages -> 0 ->> 'driver_container';
  END IF;
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER keep_stages BEFORE INSERT ON pipeline.pipeline_runs_master
FOR EACH ROW EXECUTE FUNCTION pipeline.on_run_insert();
--> statement-breakpoint
CREATE FUNCTION pipeline.on_pipeline_delete() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF EXISTS (SELECT FROM pipeline.pipeline_runs_master r
             WHERE r.source_tablename = OLD.source_tablename AND r.status IN ('pending', 'running')) THEN
    RAISE EXCEPTION '% has a run that is not finished', quote_literal(OLD.source_tablename)
      USING ERRCODE = 'foreign_key_violation', HINT = 'Wait for its end, or cancel it.';
  END IF;
  RETURN OLD;
END
$$;
--> statement-breakpoint
CREATE TRIGGER keep_while_running BEFORE DELETE ON pipeline.pipeline_config
FOR EACH ROW EXECUTE FUNCTION pipeline.on_pipeline_delete();
--> statement-breakpoint
-- Whether a watermark is beyond another one: numbers and instants compare by value, other text byte by byte. No watermark is
-- the least of all.
CREATE FUNCTION pipeline.is_later(value text, than text) RETURNS boolean
LANGUAGE plpgsql STABLE
SET timezone = 'UTC'
AS $$
DECLARE
  number CONSTANT text := '^ *[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})? *$';
  instant CONSTANT text := '^ *[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}.*)?$';
BEGIN
  IF value IS NULL THEN RETURN false; END IF;
  IF than IS NULL THEN RETURN true; END IF;
  BEGIN
    IF value ~ number AND than ~ number THEN RETURN value::numeric > than::numeric; END IF;
    IF value ~ instant AND than ~ instant THEN RETURN value::timestamptz > than::timestamptz; END IF;
  EXCEPTION WHEN data_exception THEN
    -- It looked like one and is none: text, then.
    NULL;
  END;
  RETURN value COLLATE "C" > than COLLATE "C";
END
$$;
--> statement-breakpoint
-- Whether a run takes long: beyond the least number of minutes, and beyond twice the median of its pipeline's last 20 successes.
-- The one definition.
CREATE FUNCTION pipeline.is_long_running(run pipeline.pipeline_runs_master, least_minutes integer, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE
RETURN run.status = 'running' AND run.started_at IS NOT NULL AND isfinite(run.started_at) AND at - run.started_at > greatest(
  interval '1 minute' * least_minutes,
  (SELECT 2 * percentile_cont(0.5) WITHIN GROUP (ORDER BY s.completed_at - s.started_at)
   FROM (SELECT r.started_at, r.completed_at FROM pipeline.pipeline_runs_master r
         WHERE r.source_tablename = run.source_tablename AND r.status = 'success'
           AND r.completed_at IS NOT NULL AND isfinite(r.completed_at) AND isfinite(r.started_at)
         ORDER BY r.completed_at DESC LIMIT 20) s));
--> statement-breakpoint
SELECT weir.announce_rows_of('pipeline.pipeline_config', 'PIPELINE', 'source_tablename', 'source_tablename');
--> statement-breakpoint
SELECT weir.announce_rows_of('pipeline.pipeline_runs_master', 'RUN', 'id', 'id');
--> statement-breakpoint
SELECT weir.announce_rows_of('pipeline.pipeline_run_stage_logs', 'RUN_STAGE', 'pipeline_run_id', 'id');

-- Moves stages of runs: begins them ('begin'), extends their leases ('heartbeat'), or ends them ('success', 'failed'). No two moves of one
-- call are of one run. A move that the state does not allow changes nothing; `verdict` says why:
--   moved, as_it_is (it was so already), no_run, no_stage, invalid, held (by another worker), no_leg (the stage loads none, so it has
--   no watermark), other_kind (than the pipeline's watermark, which `told` has).
-- `told.next` is the stage that is next, for a 'begin' that is invalid. `run` and `log` are the rows as they are now, null when there is none.
CREATE FUNCTION pipeline.move_stages(moves jsonb)
RETURNS TABLE (place integer, verdict text, told jsonb, run jsonb, log jsonb)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
#variable_conflict use_column
BEGIN
  -- In the order of ids: two calls never wait for each other in a circle.
  PERFORM FROM pipeline.pipeline_runs_master r
  WHERE r.id IN (SELECT (m ->> 'run')::bigint FROM jsonb_array_elements(moves) m) ORDER BY r.id FOR UPDATE;
  -- A new command, so a new snapshot: it sees whatever the lock above waited for.
  RETURN QUERY
  WITH asked AS MATERIALIZED (
    SELECT m.*, r AS run_row, l.log_row, clock_timestamp() AS at, this.stage AS this_stage, following.stage AS next_stage,
           r.known_status IN ('pending', 'running') AS is_open,
           CASE WHEN this.stage ->> 'stage_type' ~* 'dl_to_sink' THEN 'dl_to_sink'
                WHEN this.stage ->> 'stage_type' ~* 'source_to_dl' THEN 'source_to_dl' END AS leg
    FROM jsonb_to_recordset(moves) AS m(place integer, kind text, run bigint, stage integer, worker text, seconds integer, rows bigint,
                                        paths text, watermark text, error text)
    LEFT JOIN pipeline.pipeline_runs_master r ON r.id = m.run
    LEFT JOIN LATERAL (SELECT k AS log_row FROM pipeline.pipeline_run_stage_logs k
                       WHERE k.pipeline_run_id = r.id AND k.stage_order = m.stage ORDER BY k.id DESC LIMIT 1) l ON true
    LEFT JOIN LATERAL (SELECT s AS stage FROM jsonb_array_elements(r.stages) s
                       WHERE (s ->> 'stage_order')::integer = m.stage LIMIT 1) this ON true
    LEFT JOIN LATERAL (SELECT s.stage FROM jsonb_array_elements(r.stages) WITH ORDINALITY AS s(stage, nth)
                       WHERE (s.stage ->> 'stage_order')::integer > m.stage ORDER BY s.nth LIMIT 1) following ON true
  ), next AS MATERIALIZED (
    SELECT a.*,
      -- For a run that a direct writer made, whose next stage nobody wrote down: by its history. Null while its stage goes on, or none is left.
      CASE WHEN a.kind = 'begin' THEN coalesce((a.run_row).next_stage,
        CASE WHEN (a.run_row).current_stage = 0 THEN ((a.run_row).stages -> 0 ->> 'stage_order')::integer
             WHEN (SELECT k.known_status FROM pipeline.pipeline_run_stage_logs k
                   WHERE k.pipeline_run_id = a.run AND k.stage_order = (a.run_row).current_stage ORDER BY k.id DESC LIMIT 1) = 'success'
             THEN (SELECT (s.stage ->> 'stage_order')::integer FROM jsonb_array_elements((a.run_row).stages) WITH ORDINALITY AS s(stage, nth)
                   WHERE (s.stage ->> 'stage_order')::integer > (a.run_row).current_stage ORDER BY s.nth LIMIT 1) END) END AS next,
      CASE WHEN a.kind = 'success' AND a.watermark IS NOT NULL THEN
        (SELECT CASE a.leg WHEN 'dl_to_sink' THEN c.dl_to_sink_last_incremental_value
                           WHEN 'source_to_dl' THEN c.source_to_dl_last_incremental_value END
         FROM pipeline.pipeline_config c WHERE c.source_tablename = (a.run_row).source_tablename) END AS stored
    FROM asked a
  ), judged AS MATERIALIZED (
    SELECT n.*, greatest(n.at, (n.log_row).started_at) AS ended_at,
      CASE WHEN (n.run_row).id IS NULL THEN 'no_run'
           WHEN n.this_stage IS NULL AND n.kind <> 'heartbeat' THEN 'no_stage'
           WHEN n.kind = 'begin' THEN
             CASE WHEN (n.log_row).known_status = 'running' AND (n.run_row).next_stage IS DISTINCT FROM n.stage THEN 'as_it_is'
                  WHEN NOT n.is_open OR n.next IS DISTINCT FROM n.stage THEN 'invalid'
                  ELSE 'moved' END
           WHEN (n.log_row).known_status = n.kind THEN 'as_it_is'
           WHEN (n.log_row).known_status IS DISTINCT FROM 'running' OR NOT n.is_open THEN 'invalid'
           WHEN (n.kind = 'heartbeat' OR n.worker IS NOT NULL) AND n.worker IS DISTINCT FROM (n.log_row).worker THEN 'held'
           WHEN n.watermark IS NOT NULL AND n.leg IS NULL THEN 'no_leg'
           WHEN n.stored IS NOT NULL AND pipeline.kind_of_watermark(n.stored) NOT IN ('text', pipeline.kind_of_watermark(n.watermark))
             THEN 'other_kind'
           ELSE 'moved' END AS verdict
    FROM next n
  ), changed AS (
    UPDATE pipeline.pipeline_run_stage_logs l SET
      status = CASE WHEN j.kind IN ('success', 'failed') THEN j.kind ELSE l.status END,
      rows_processed = CASE j.kind WHEN 'success' THEN j.rows ELSE l.rows_processed END,
      file_paths = CASE j.kind WHEN 'success' THEN j.paths ELSE l.file_paths END,
      error_message = CASE j.kind WHEN 'failed' THEN j.error ELSE l.error_message END,
      completed_at = CASE WHEN j.kind IN ('success', 'failed') THEN j.ended_at ELSE l.completed_at END,
      -- Of seconds alone: a difference of instants has days, which HH24 leaves out.
      time_taken = CASE WHEN j.kind IN ('success', 'failed')
                        THEN to_char(make_interval(secs => extract(epoch FROM j.ended_at - l.started_at)), 'HH24:MI:SS.MS') ELSE l.time_taken END,
      started_at = CASE j.kind WHEN 'begin' THEN j.at ELSE l.started_at END,
      worker = CASE j.kind WHEN 'begin' THEN j.worker ELSE l.worker END,
      lease_expires_at = CASE WHEN j.kind IN ('begin', 'heartbeat') THEN j.at + make_interval(secs => j.seconds) END
    FROM judged j
    -- One that runs and waits has lost its lease: it is begun anew.
    WHERE j.verdict = 'moved' AND l.id = (j.log_row).id AND (j.kind <> 'begin' OR (j.log_row).known_status = 'running')
    RETURNING j.place, l AS log_row
  ), begun AS (
    INSERT INTO pipeline.pipeline_run_stage_logs AS l
      (pipeline_run_id, source_tablename, pipeline_type, stage_order, status, started_at, worker, lease_expires_at)
    SELECT j.run, (j.run_row).source_tablename, j.this_stage ->> 'stage_type', j.stage, 'running', j.at, j.worker,
           j.at + make_interval(secs => j.seconds)
    FROM judged j WHERE j.verdict = 'moved' AND j.kind = 'begin' AND (j.log_row).known_status IS DISTINCT FROM 'running'
    ORDER BY j.place
    RETURNING l AS log_row
  ), run_moved AS (
    UPDATE pipeline.pipeline_runs_master r SET
      status = CASE WHEN j.kind = 'begin' THEN 'running' WHEN j.kind = 'failed' OR j.next_stage IS NULL THEN j.kind ELSE r.status END,
      started_at = CASE j.kind WHEN 'begin' THEN coalesce(r.started_at, j.at) ELSE r.started_at END,
      current_stage = CASE j.kind WHEN 'begin' THEN j.stage ELSE r.current_stage END,
      -- Also where its lease ran out and it waits for another driver: the work is done.
      next_stage = CASE j.kind WHEN 'begin' THEN NULL WHEN 'success' THEN (j.next_stage ->> 'stage_order')::integer ELSE r.next_stage END,
      next_driver = CASE j.kind WHEN 'success' THEN j.next_stage ->> 'driver_container' END,
      error_message = CASE WHEN j.kind = 'failed' THEN j.error WHEN j.kind = 'success' AND j.next_stage IS NULL THEN NULL ELSE r.error_message END,
      completed_at = CASE WHEN j.kind = 'failed' OR j.kind = 'success' AND j.next_stage IS NULL THEN j.ended_at ELSE r.completed_at END,
      source_to_dl_incremental_value = CASE WHEN j.kind = 'success' AND j.leg = 'source_to_dl'
        THEN coalesce(j.watermark, r.source_to_dl_incremental_value) ELSE r.source_to_dl_incremental_value END,
      dl_to_sink_incremental_value = CASE WHEN j.kind = 'success' AND j.leg = 'dl_to_sink'
        THEN coalesce(j.watermark, r.dl_to_sink_incremental_value) ELSE r.dl_to_sink_incremental_value END
    FROM judged j WHERE j.verdict = 'moved' AND j.kind <> 'heartbeat' AND r.id = j.run
    RETURNING j.place, r AS run_row
  )
  SELECT j.place, j.verdict,
    CASE j.verdict WHEN 'invalid' THEN jsonb_build_object('next', j.next)
                   WHEN 'other_kind' THEN jsonb_build_object('stored', j.stored, 'kind', pipeline.kind_of_watermark(j.stored)) END,
    to_jsonb(coalesce((SELECT m.run_row FROM run_moved m WHERE m.place = j.place), j.run_row)),
    to_jsonb(coalesce((SELECT c.log_row FROM changed c WHERE c.place = j.place),
                      (SELECT b.log_row FROM begun b WHERE (b.log_row).pipeline_run_id = j.run), j.log_row))
  FROM judged j ORDER BY j.place;
END
$$;
--> statement-breakpoint
-- Takes, for each request, up to `most` stages that wait for its driver container, those of the oldest runs first, and begins them. Answers
-- what was taken, by the place of its request. A stage that its run does not have is nobody's.
CREATE FUNCTION pipeline.claim_stages(requests jsonb)
RETURNS TABLE (place integer, run jsonb, log jsonb)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
  wanted record;
  moves jsonb := '[]';
BEGIN
  FOR wanted IN
    SELECT q.driver, sum(q.most) AS most FROM jsonb_to_recordset(requests) AS q(driver text, most integer) GROUP BY q.driver ORDER BY q.driver
  LOOP
    moves := moves || coalesce((
      -- The nth that is taken goes to the request that asked for the nth.
      SELECT jsonb_agg(jsonb_build_object('place', (row_number - 1)::integer, 'kind', 'begin', 'run', t.id, 'stage', t.next_stage,
                                          'worker', q.worker, 'seconds', q.seconds, 'of', q.place))
      FROM (SELECT w.id, w.next_stage, row_number() OVER (ORDER BY w.id) FROM (
              SELECT r.id, r.next_stage FROM pipeline.pipeline_runs_master r
              WHERE r.next_driver = wanted.driver AND r.known_status IN ('pending', 'running')
                AND r.stages @> jsonb_build_array(jsonb_build_object('stage_order', r.next_stage))
              ORDER BY r.id LIMIT wanted.most FOR UPDATE SKIP LOCKED) w) t
      JOIN (SELECT a.place, a.worker, a.seconds, row_number() OVER (ORDER BY a.place, n.n) AS nth
            FROM jsonb_to_recordset(requests) AS a(place integer, driver text, worker text, seconds integer, most integer),
                 generate_series(1, a.most) AS n(n)
            WHERE a.driver = wanted.driver) q ON q.nth = t.row_number), '[]');
  END LOOP;
  IF moves = '[]' THEN RETURN; END IF;
  RETURN QUERY
  SELECT (o.move ->> 'of')::integer, m.run, m.log
  FROM (SELECT e.move, e.nth FROM jsonb_array_elements(moves) WITH ORDINALITY AS e(move, nth)) o
  JOIN pipeline.move_stages((SELECT jsonb_agg(e.move || jsonb_build_object('place', e.nth) ORDER BY e.nth)
                             FROM jsonb_array_elements(moves) WITH ORDINALITY AS e(move, nth))) m ON m.place = o.nth AND m.verdict = 'moved'
  ORDER BY o.nth;
END
$$;
--> statement-breakpoint
-- The watermark after all that were reported, in their order: each that is beyond the one before.
CREATE FUNCTION pipeline.furthest(stored text, reported text[]) RETURNS text
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  value text;
BEGIN
  FOREACH value IN ARRAY reported LOOP
    IF pipeline.is_later(value, stored) THEN stored := value; END IF;
  END LOOP;
  RETURN stored;
END
$$;
--> statement-breakpoint
-- Stamps pipelines with the ends of their runs. Of several runs of one pipeline, the newest says when and how, and the watermark of each counts.
CREATE OR REPLACE FUNCTION pipeline.stamp(runs bigint[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
AS $$
BEGIN
  -- In one order, as everybody does.
  PERFORM FROM pipeline.pipeline_config c
  WHERE c.source_tablename IN (SELECT r.source_tablename FROM pipeline.pipeline_runs_master r WHERE r.id = ANY (runs))
  ORDER BY c.source_tablename FOR NO KEY UPDATE;
  WITH ended AS MATERIALIZED (
    SELECT r.*, CASE WHEN isfinite(r.completed_at) THEN r.completed_at ELSE clock_timestamp() END AS at
    FROM pipeline.pipeline_runs_master r WHERE r.id = ANY (runs)
  ), newest AS (
    SELECT DISTINCT ON (e.source_tablename) e.source_tablename, e.at, e.status FROM ended e ORDER BY e.source_tablename, e.at DESC, e.id DESC
  ), reported AS (
    SELECT e.source_tablename,
      coalesce(array_agg(e.source_to_dl_incremental_value ORDER BY e.at, e.id) FILTER (WHERE e.source_to_dl_incremental_value IS NOT NULL), '{}') AS source_to_dl,
      coalesce(array_agg(e.dl_to_sink_incremental_value ORDER BY e.at, e.id) FILTER (WHERE e.dl_to_sink_incremental_value IS NOT NULL), '{}') AS dl_to_sink
    FROM ended e WHERE e.known_status = 'success' GROUP BY e.source_tablename
  )
  UPDATE pipeline.pipeline_config c SET
    dl_to_sink_last_loader_run_timestamp = n.at, dl_to_sink_last_loader_run_status = n.status,
    source_to_dl_last_loader_run_timestamp = n.at, source_to_dl_last_loader_run_status = n.status,
    source_to_dl_last_incremental_value = pipeline.furthest(c.source_to_dl_last_incremental_value, coalesce(r.source_to_dl, '{}')),
    dl_to_sink_last_incremental_value = pipeline.furthest(c.dl_to_sink_last_incremental_value, coalesce(r.dl_to_sink, '{}'))
  FROM newest n LEFT JOIN reported r USING (source_tablename)
  WHERE c.source_tablename = n.source_tablename
    AND (weir.writer() IS NOT NULL OR c.dl_to_sink_last_loader_run_timestamp IS NULL
         OR c.dl_to_sink_last_loader_run_timestamp <= n.at);
END
$$;

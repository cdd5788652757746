-- Both kinds of manifests alike, each with the name of its view: agencies that share a canned report have a view each.
CREATE VIEW reporting.seeder_manifests AS
SELECT 'custom'::text AS report_type, m.id AS manifest_id, m.table_name, m.report_name, m.agency_id, m.agency_slug, m.query,
       m.database_id, m.enabled, m.schedule_minutes, m.scheduled_at
FROM reporting.seeder_custom_report_manifest m
UNION ALL
SELECT 'canned', m.id, (r.table_name || '_' || m.agency_slug) COLLATE "C", r.report_name, m.agency_id, m.agency_slug, r.query,
       r.database_id, true, m.schedule_minutes, m.scheduled_at
FROM reporting.seeder_canned_report_manifest m JOIN reporting.seeder_canned_report r ON r.id = m.canned_report_id;
--> statement-breakpoint
-- The one definition of failing: so many failures in a row.
CREATE FUNCTION reporting.is_failing(consecutive_failures integer, at_least integer DEFAULT 3) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(consecutive_failures, 0) >= at_least;
--> statement-breakpoint
-- The one definition of running for too long: longer than so many minutes, and than twice the median of the last 20
-- successes, each found by an index.
CREATE FUNCTION reporting.is_long_running(run_table text, run_status text, run_start timestamptz, least_minutes integer DEFAULT 20)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN run_status = 'running' AND run_start IS NOT NULL AND run_start < now() - greatest(
  make_interval(mins => least_minutes),
  (SELECT make_interval(secs => 2 * percentile_cont(0.5) WITHIN GROUP (ORDER BY s.duration_seconds))
   FROM (SELECT h.duration_seconds FROM reporting.seeder_run_history h
         WHERE h.table_name = run_table AND h.status = 'success' AND h.duration_seconds IS NOT NULL
         ORDER BY h.start_time DESC, h.id DESC LIMIT 20) s));
--> statement-breakpoint
-- For those who look by SQL; with the thresholds that a service without settings has.
CREATE VIEW reporting.seeder_dashboard AS
SELECT j.*, reporting.is_failing(j.consecutive_failures) AS is_failing,
       reporting.is_long_running(j.table_name, j.status, j.start_time) AS is_long_running
FROM reporting.seeder_job_status j;
--> statement-breakpoint
-- Lets the writers of one report go one after the other, so that each finds the run before its own. There are 256 locks
-- for all reports: a statement of very many rows can't exhaust the server's table of locks.
CREATE FUNCTION reporting.wait_for_writers_of(run_table text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '500ms'
AS $$
DECLARE
  lock_number integer := hashtext(run_table) & 255;
BEGIN
  IF pg_try_advisory_xact_lock(1464158547, lock_number) THEN RETURN; END IF;
  -- A statement of many rows waits once.
  IF current_setting('weir.gave_up_waiting', true) = run_table THEN RETURN; END IF;
  BEGIN
    PERFORM pg_advisory_xact_lock(1464158547, lock_number);
  EXCEPTION WHEN deadlock_detected OR lock_not_available THEN
    PERFORM set_config('weir.gave_up_waiting', run_table, true);
    INSERT INTO reporting.seeder_unsettled_jobs (table_name) VALUES (run_table);
  END;
END
$$;
--> statement-breakpoint
-- The streak of a run follows from the run that ended before it, and is computed, never counted up: reporting the same
-- thing twice gives the same streak. One that the writer set himself is kept. Before the row is written, and not after the
-- statement, so that the row is announced once, with its streak.
CREATE FUNCTION reporting.set_streak() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  is_given boolean := coalesce(NEW.consecutive_failures, 0) > 0;
  streak integer;
  job reporting.seeder_job_status;
BEGIN
  -- What does not change the status waits for nobody.
  IF TG_OP = 'INSERT' OR NEW.status IS DISTINCT FROM OLD.status THEN
    PERFORM reporting.wait_for_writers_of(NEW.table_name);
  END IF;
  IF NEW.status = 'success' THEN
    NEW.consecutive_failures := 0;
    RETURN NEW;
  END IF;
  IF TG_OP = 'UPDATE' THEN
    IF NEW.status = OLD.status THEN RETURN NEW; END IF;
    -- What a run carries while it runs is not what its writer says of its end.
    is_given := is_given AND NEW.consecutive_failures IS DISTINCT FROM OLD.consecutive_failures;
  END IF;
  IF is_given THEN RETURN NEW; END IF;

  SELECT coalesce(h.consecutive_failures, 0) INTO streak FROM reporting.seeder_run_history h
  WHERE h.table_name = NEW.table_name AND h.status IN ('success', 'error')
    AND (h.start_time, h.id) < (NEW.start_time, NEW.id)
  ORDER BY h.start_time DESC, h.id DESC LIMIT 1;
  IF NOT FOUND THEN
    -- The history begins here; a program may have kept the job alone until now.
    SELECT * INTO job FROM reporting.seeder_job_status j WHERE j.table_name = NEW.table_name;
    -- Not of a later run: then this one comes late, and nothing is known of what was before it.
    streak := CASE WHEN job.start_time IS NULL OR job.start_time <= NEW.start_time THEN coalesce(job.consecutive_failures, 0) ELSE 0 END;
    IF job.last_run_id = NEW.run_id AND job.status = NEW.status THEN
      NEW.consecutive_failures := streak;
      RETURN NEW;
    END IF;
  END IF;
  NEW.consecutive_failures := least(streak::bigint + CASE NEW.status WHEN 'error' THEN 1 ELSE 0 END, 2147483647);
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER set_streak BEFORE INSERT OR UPDATE ON reporting.seeder_run_history
FOR EACH ROW EXECUTE FUNCTION reporting.set_streak();
--> statement-breakpoint
-- A program that keeps the job itself may count its streak up after a trigger has set it: of a run that the history knows
-- with this status, the run's streak holds.
CREATE FUNCTION reporting.keep_streak() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  NEW.consecutive_failures := coalesce(
    (SELECT h.consecutive_failures FROM reporting.seeder_run_history h
     WHERE h.run_id = NEW.last_run_id AND h.table_name = NEW.table_name AND h.status = NEW.status
     ORDER BY h.id DESC LIMIT 1),
    NEW.consecutive_failures, 0);
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER keep_streak BEFORE INSERT OR UPDATE ON reporting.seeder_job_status
FOR EACH ROW EXECUTE FUNCTION reporting.keep_streak();
--> statement-breakpoint
-- Sets jobs to what their latest run says: the greatest (start_time, id). Ordered by name: two statements never wait for each
-- other in a circle. A job that says so already is left alone, as is one that a program has set to a later run.
CREATE FUNCTION reporting.set_jobs(names text[]) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
  INSERT INTO reporting.seeder_job_status AS j (table_name, manifest_id, report_name, report_type, agency_id, agency_slug,
    status, duration_seconds, start_time, consecutive_failures, last_run_id, last_errors)
  SELECT h.table_name, h.manifest_id, h.report_name, h.report_type, h.agency_id, h.agency_slug,
         h.status, h.duration_seconds, h.start_time, h.consecutive_failures, h.run_id, h.errors
  FROM (SELECT DISTINCT n FROM unnest(names) n) t(name)
  CROSS JOIN LATERAL (
    SELECT * FROM reporting.seeder_run_history r WHERE r.table_name = t.name COLLATE "C"
    ORDER BY r.start_time DESC, r.id DESC LIMIT 1) h
  ORDER BY h.table_name
  ON CONFLICT (table_name) DO UPDATE SET
    manifest_id = excluded.manifest_id, report_name = excluded.report_name, report_type = excluded.report_type,
    agency_id = excluded.agency_id, agency_slug = excluded.agency_slug, status = excluded.status,
    duration_seconds = excluded.duration_seconds, start_time = excluded.start_time,
    consecutive_failures = excluded.consecutive_failures, last_run_id = excluded.last_run_id,
    -- What went wrong last is shown until a run succeeds.
    last_errors = CASE WHEN excluded.status IN ('pending', 'running') THEN j.last_errors ELSE excluded.last_errors END,
    updated_at = now()
  WHERE (j.start_time IS NULL OR j.start_time <= excluded.start_time OR j.last_run_id = excluded.last_run_id)
    AND (j.last_run_id, j.status, j.consecutive_failures, coalesce(j.duration_seconds, 0), j.start_time, j.report_name,
         j.agency_slug, j.last_errors)
      IS DISTINCT FROM
        (excluded.last_run_id, excluded.status, excluded.consecutive_failures, coalesce(excluded.duration_seconds, 0),
         excluded.start_time, excluded.report_name, excluded.agency_slug,
         CASE WHEN excluded.status IN ('pending', 'running') THEN j.last_errors ELSE excluded.last_errors END);
$$;
--> statement-breakpoint
-- SECURITY DEFINER: a direct writer needs no right on anything but the table it writes. lock_timeout: a writer does not wait
-- for another's transaction; the service settles what was left.
CREATE FUNCTION reporting.on_runs_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '500ms'
AS $$
BEGIN
  PERFORM reporting.set_jobs(ARRAY(SELECT DISTINCT n.table_name FROM came n));
  RETURN NULL;
EXCEPTION WHEN deadlock_detected OR lock_not_available OR serialization_failure THEN
  INSERT INTO reporting.seeder_unsettled_jobs (table_name) SELECT DISTINCT n.table_name FROM came n;
  RETURN NULL;
END
$$;
--> statement-breakpoint
SELECT weir.announce_rows_of('reporting.seeder_run_history', 'SEEDER_RUN', 'table_name', 'id');
--> statement-breakpoint
SELECT weir.announce_rows_of('reporting.seeder_job_status', 'SEEDER_JOB', 'table_name', 'table_name');
--> statement-breakpoint
-- Triggers of one event fire in the order of their names: a run is announced before its job.
CREATE TRIGGER set_jobs_after_insert AFTER INSERT ON reporting.seeder_run_history
REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION reporting.on_runs_change();
--> statement-breakpoint
CREATE TRIGGER set_jobs_after_update AFTER UPDATE ON reporting.seeder_run_history
REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION reporting.on_runs_change();

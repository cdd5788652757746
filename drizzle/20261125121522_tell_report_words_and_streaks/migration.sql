CREATE TABLE "reporting"."seeder_settings" (
	"singleton" boolean PRIMARY KEY DEFAULT true,
	"failing_after" integer NOT NULL,
	"long_running_minutes" integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE "reporting"."seeder_cooling" ADD COLUMN "skipped_run" bigint;--> statement-breakpoint
ALTER TABLE "reporting"."seeder_job_status" ADD COLUMN "known_status" text COLLATE "C" GENERATED ALWAYS AS (case when status is not null then coalesce('{"pending": "pending", "running": "running", "success": "success", "error": "error"}'::jsonb ->> lower(status collate "C"), 'unknown') end) STORED;--> statement-breakpoint
ALTER TABLE "reporting"."seeder_job_status" ADD COLUMN "known_report_type" text COLLATE "C" GENERATED ALWAYS AS (case when report_type is not null then coalesce('{"custom": "custom", "canned": "canned"}'::jsonb ->> lower(report_type collate "C"), 'unknown') end) STORED;--> statement-breakpoint
ALTER TABLE "reporting"."seeder_run_history" ADD COLUMN "known_status" text COLLATE "C" GENERATED ALWAYS AS (case when status is not null then coalesce('{"pending": "pending", "running": "running", "success": "success", "error": "error"}'::jsonb ->> lower(status collate "C"), 'unknown') end) STORED;--> statement-breakpoint
ALTER TABLE "reporting"."seeder_run_history" ADD COLUMN "known_report_type" text COLLATE "C" GENERATED ALWAYS AS (case when report_type is not null then coalesce('{"custom": "custom", "canned": "canned"}'::jsonb ->> lower(report_type collate "C"), 'unknown') end) STORED;--> statement-breakpoint
ALTER TABLE "reporting"."seeder_run_history" ADD COLUMN "is_skipped" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "reporting"."seeder_canned_report" ALTER COLUMN "database_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "reporting"."seeder_custom_report_manifest" ALTER COLUMN "database_id" DROP NOT NULL;--> statement-breakpoint
DROP INDEX "reporting"."seeder_job_status_status";--> statement-breakpoint
CREATE INDEX "seeder_job_status_status" ON "reporting"."seeder_job_status" ("known_status","table_name");--> statement-breakpoint
DROP INDEX "reporting"."seeder_run_history_status";--> statement-breakpoint
CREATE INDEX "seeder_run_history_status" ON "reporting"."seeder_run_history" ("known_status","start_time" DESC,"id" DESC);--> statement-breakpoint
DROP INDEX "reporting"."seeder_run_history_ended";--> statement-breakpoint
CREATE INDEX "seeder_run_history_ended" ON "reporting"."seeder_run_history" ("table_name","start_time" DESC,"id" DESC) WHERE known_status in ('success', 'error') and not is_skipped;--> statement-breakpoint
DROP INDEX "reporting"."seeder_run_history_successes";--> statement-breakpoint
CREATE INDEX "seeder_run_history_successes" ON "reporting"."seeder_run_history" ("table_name","start_time" DESC,"id" DESC) WHERE known_status = 'success' and duration_seconds is not null;--> statement-breakpoint
DROP INDEX "reporting"."seeder_run_history_running";--> statement-breakpoint
CREATE INDEX "seeder_run_history_running" ON "reporting"."seeder_run_history" ("start_time") WHERE known_status = 'running';--> statement-breakpoint
DROP INDEX "reporting"."seeder_run_history_failures";--> statement-breakpoint
CREATE INDEX "seeder_run_history_failures" ON "reporting"."seeder_run_history" (coalesce("finish_time", "start_time") desc,"id" DESC) WHERE known_status = 'error' and not is_skipped;
--> statement-breakpoint
-- A BEFORE trigger has no generated columns yet.
CREATE FUNCTION reporting.known_status(word text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE lower(word COLLATE "C") WHEN 'pending' THEN 'pending' WHEN 'running' THEN 'running' WHEN 'success' THEN 'success'
            WHEN 'error' THEN 'error' ELSE 'unknown' END;
--> statement-breakpoint
-- Both kinds of manifests alike, each with the name of its view. Where no database is named, it is the service's own.
CREATE OR REPLACE VIEW reporting.seeder_manifests AS
SELECT 'custom'::text AS report_type, m.id AS manifest_id, m.table_name, m.report_name, m.agency_id, m.agency_slug, m.query,
       coalesce(m.database_id, 1) AS database_id, m.enabled, m.schedule_minutes, m.scheduled_at
FROM reporting.seeder_custom_report_manifest m
UNION ALL
SELECT 'canned', m.id, (r.table_name || '_' || m.agency_slug) COLLATE "C", r.report_name, m.agency_id, m.agency_slug, r.query,
       coalesce(r.database_id, 1), true, m.schedule_minutes, m.scheduled_at
FROM reporting.seeder_canned_report_manifest m JOIN reporting.seeder_canned_report r ON r.id = m.canned_report_id;
--> statement-breakpoint
-- The one definition of running for too long: longer than so many minutes, and than twice the median of the last 20
-- successes, each found by an index. The status is what the stored word means.
CREATE OR REPLACE FUNCTION reporting.is_long_running(run_table text, run_status text, run_start timestamptz, least_minutes integer DEFAULT 20)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN run_status = 'running' AND run_start IS NOT NULL AND run_start < now() - greatest(
  make_interval(mins => least_minutes),
  (SELECT make_interval(secs => 2 * percentile_cont(0.5) WITHIN GROUP (ORDER BY s.duration_seconds))
   FROM (SELECT h.duration_seconds FROM reporting.seeder_run_history h
         WHERE h.table_name = run_table AND h.known_status = 'success' AND h.duration_seconds IS NOT NULL
         ORDER BY h.start_time DESC, h.id DESC LIMIT 20) s));
--> statement-breakpoint
INSERT INTO reporting.seeder_settings (failing_after, long_running_minutes) VALUES (3, 20);
--> statement-breakpoint
-- For those who look by SQL, with the service's thresholds.
CREATE OR REPLACE VIEW reporting.seeder_dashboard AS
SELECT j.table_name, j.manifest_id, j.report_name, j.report_type, j.agency_id, j.agency_slug, j.status, j.duration_seconds,
       j.start_time, j.consecutive_failures, j.last_run_id, j.last_errors, j.updated_at,
       reporting.is_failing(j.consecutive_failures, s.failing_after) AS is_failing,
       reporting.is_long_running(j.table_name, j.known_status, j.start_time, s.long_running_minutes) AS is_long_running
FROM reporting.seeder_job_status j CROSS JOIN reporting.seeder_settings s;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION reporting.set_streak() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  is_given boolean := coalesce(NEW.consecutive_failures, 0) > 0;
  streak integer;
  job reporting.seeder_job_status;
  word text := reporting.known_status(NEW.status);
BEGIN
  -- A worker that ends a run may not say how long it took.
  IF word IN ('success', 'error') THEN
    IF TG_OP = 'UPDATE' AND NEW.finish_time IS NULL THEN NEW.finish_time := now(); END IF;
    IF NEW.duration_seconds IS NULL AND isfinite(NEW.start_time) AND isfinite(NEW.finish_time) THEN
      NEW.duration_seconds := round(least(greatest(extract(epoch FROM NEW.finish_time - NEW.start_time), 0), 2147483647));
    END IF;
  END IF;
  IF NEW.is_skipped THEN RETURN NEW; END IF;
  -- What does not change the status waits for nobody.
  IF TG_OP = 'INSERT' OR NEW.status IS DISTINCT FROM OLD.status THEN
    PERFORM reporting.wait_for_writers_of(NEW.table_name);
  END IF;
  IF word = 'success' THEN
    NEW.consecutive_failures := 0;
    RETURN NEW;
  END IF;
  IF TG_OP = 'UPDATE' THEN
    IF word = OLD.known_status THEN RETURN NEW; END IF;
    -- What a run carries while it runs is not what its writer says of its end.
    is_given := is_given AND NEW.consecutive_failures IS DISTINCT FROM OLD.consecutive_failures;
  END IF;
  IF is_given THEN RETURN NEW; END IF;

  SELECT coalesce(h.consecutive_failures, 0) INTO streak FROM reporting.seeder_run_history h
  WHERE h.table_name = NEW.table_name AND h.known_status IN ('success', 'error') AND NOT h.is_skipped
    AND (h.start_time, h.id) < (NEW.start_time, NEW.id)
  ORDER BY h.start_time DESC, h.id DESC LIMIT 1;
  IF NOT FOUND THEN
    -- The history begins here; a program may have kept the job alone until now.
    SELECT * INTO job FROM reporting.seeder_job_status j WHERE j.table_name = NEW.table_name;
    -- Not of a later run: then this one comes late, and nothing is known of what was before it.
    streak := CASE WHEN job.start_time IS NULL OR job.start_time <= NEW.start_time THEN coalesce(job.consecutive_failures, 0) ELSE 0 END;
    IF job.last_run_id = NEW.run_id AND job.known_status = word THEN
      NEW.consecutive_failures := streak;
      RETURN NEW;
    END IF;
  END IF;
  NEW.consecutive_failures := least(streak::bigint + CASE word WHEN 'error' THEN 1 ELSE 0 END, 2147483647);
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION reporting.keep_streak() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  NEW.consecutive_failures := coalesce(
    (SELECT h.consecutive_failures FROM reporting.seeder_run_history h
     WHERE h.run_id = NEW.last_run_id AND h.table_name = NEW.table_name AND h.known_status = reporting.known_status(NEW.status)
     ORDER BY h.id DESC LIMIT 1),
    NEW.consecutive_failures, 0);
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION reporting.set_jobs(names text[]) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
  INSERT INTO reporting.seeder_job_status AS j (table_name, manifest_id, report_name, report_type, agency_id, agency_slug,
    status, duration_seconds, start_time, consecutive_failures, last_run_id, last_errors)
  SELECT h.table_name, h.manifest_id, h.report_name, h.report_type, h.agency_id, h.agency_slug,
         h.status, h.duration_seconds, h.start_time, h.consecutive_failures, h.run_id, h.errors
  FROM (SELECT DISTINCT n FROM unnest(names) n) t(name)
  CROSS JOIN LATERAL (
    SELECT * FROM reporting.seeder_run_history r WHERE r.table_name = t.name COLLATE "C" AND NOT r.is_skipped
    ORDER BY r.start_time DESC, r.id DESC LIMIT 1) h
  ORDER BY h.table_name
  ON CONFLICT (table_name) DO UPDATE SET
    manifest_id = excluded.manifest_id, report_name = excluded.report_name, report_type = excluded.report_type,
    agency_id = excluded.agency_id, agency_slug = excluded.agency_slug, status = excluded.status,
    duration_seconds = excluded.duration_seconds, start_time = excluded.start_time,
    consecutive_failures = excluded.consecutive_failures, last_run_id = excluded.last_run_id,
    -- What went wrong last is shown until a run succeeds.
    last_errors = CASE WHEN reporting.known_status(excluded.status) IN ('pending', 'running') THEN j.last_errors ELSE excluded.last_errors END,
    updated_at = now()
  WHERE (j.start_time IS NULL OR j.start_time <= excluded.start_time OR j.last_run_id = excluded.last_run_id)
    AND (j.last_run_id, j.status, j.consecutive_failures, coalesce(j.duration_seconds, 0), j.start_time, j.report_name,
         j.agency_slug, j.last_errors)
      IS DISTINCT FROM
        (excluded.last_run_id, excluded.status, excluded.consecutive_failures, coalesce(excluded.duration_seconds, 0),
         excluded.start_time, excluded.report_name, excluded.agency_slug,
         CASE WHEN reporting.known_status(excluded.status) IN ('pending', 'running') THEN j.last_errors ELSE excluded.last_errors END);
$$;
--> statement-breakpoint
-- Runs of one report that came in one statement, newer ones before older ones: the streak of each follows from the runs before
-- it, which were not there yet when it was set. Between the announcement of the runs and that of their jobs, by the name.
CREATE FUNCTION reporting.mend_streaks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM (
       SELECT c.start_time < lag(c.start_time) OVER (PARTITION BY c.table_name ORDER BY c.id) AS is_earlier FROM came c) o
     WHERE o.is_earlier) THEN
    RETURN NULL;
  END IF;
  UPDATE reporting.seeder_run_history h SET consecutive_failures = s.streak
  FROM (
    -- Failures since the last success, in the order of starts; before the first of them what the history had.
    SELECT r.id, count(*) FILTER (WHERE r.known_status = 'error') OVER (PARTITION BY r.table_name, r.part ORDER BY r.start_time, r.id)
                 + CASE WHEN r.part = 0 THEN coalesce(b.streak, 0) ELSE 0 END AS streak
    FROM (SELECT c.*, count(*) FILTER (WHERE c.known_status = 'success')
                        OVER (PARTITION BY c.table_name ORDER BY c.start_time, c.id) AS part
          FROM came c WHERE c.known_status IN ('success', 'error') AND NOT c.is_skipped) r
    LEFT JOIN LATERAL (
      SELECT p.consecutive_failures AS streak FROM reporting.seeder_run_history p
      WHERE p.table_name = r.table_name AND p.known_status IN ('success', 'error') AND NOT p.is_skipped
        AND (p.start_time, p.id) < (SELECT f.start_time, f.id FROM came f WHERE f.table_name = r.table_name ORDER BY f.start_time, f.id LIMIT 1)
      ORDER BY p.start_time DESC, p.id DESC LIMIT 1) b ON true
  ) s
  WHERE h.id = s.id AND h.known_status = 'error' AND h.consecutive_failures IS DISTINCT FROM s.streak;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER mend_streaks_after_insert AFTER INSERT ON reporting.seeder_run_history
REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION reporting.mend_streaks();
--> statement-breakpoint
-- Changes that are kept carry what the words mean as well: a client that resumes with a filter misses none.
UPDATE weir.change c SET "row" = c."row" || jsonb_build_object('is_skipped', false, 'known_status', reporting.known_status(c."row" ->> 'status'),
  'known_report_type', CASE WHEN lower(c."row" ->> 'report_type') IN ('custom', 'canned') THEN lower(c."row" ->> 'report_type') ELSE 'unknown' END)
WHERE c.topic IN ('SEEDER_RUN', 'SEEDER_JOB') AND c.is_carried;

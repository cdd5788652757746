-- What needs a person now, and what to keep an eye on, subject by subject: the one definition, which weir.attention groups and of which
-- the subjects of one cause are paged. Of each kind the newest `most` are looked at, by an index. `kinds`: only these; null: all. A
-- kind that is not asked for costs nothing. `agencies`: those whose reports are told; null: all.
CREATE FUNCTION weir.trouble(stuck_minutes integer, long_minutes integer, step_minutes integer, failing_after integer,
                             agencies text[], most integer, kinds text[])
RETURNS TABLE (id text, kind text, place text, key text, title text, message text, at timestamptz, cause text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
AS $$
  SELECT md5(u.kind || '|' || u.place || '|' || u.cause), u.kind, u.place, u.key, u.title, u.message, u.at, u.cause
  FROM (SELECT t.*, weir.cause_of(t.message) AS cause FROM (
    (SELECT * FROM (SELECT 'FILES_FAILED' AS kind, f.type AS place, f.file_path AS key, regexp_replace(f.file_path, '^.*[/\\]', '') AS title,
            f.error_message AS message, f.processed_at AS at
     FROM ingest.files f WHERE f.type = 'HL7' AND f.is_primary AND f.status_id IS NOT NULL AND f.known_status = 'failed'
     ORDER BY f.processed_at DESC, f.status_id DESC LIMIT most) t WHERE (kinds IS NULL OR kinds && ARRAY['FILES_FAILED']))
    UNION ALL
    (SELECT * FROM (SELECT 'FILES_FAILED', f.type, f.file_path, regexp_replace(f.file_path, '^.*[/\\]', ''), f.error_message, f.processed_at
     FROM ingest.files f WHERE f.type = 'Log' AND f.status_id IS NOT NULL AND f.known_status = 'failed'
     ORDER BY f.processed_at DESC, f.status_id DESC LIMIT most) t WHERE (kinds IS NULL OR kinds && ARRAY['FILES_FAILED']))
    UNION ALL
    (SELECT * FROM (SELECT 'FILES_STUCK' AS kind, f.type AS place, f.file_path, regexp_replace(f.file_path, '^.*[/\\]', ''), NULL, f.processed_at
     FROM ingest.files f WHERE f.type = 'HL7' AND f.is_primary AND f.status_id IS NOT NULL AND f.known_status = 'staged'
       AND f.processed_at < now() - make_interval(mins => stuck_minutes)
     ORDER BY f.processed_at DESC, f.status_id DESC LIMIT most) t WHERE (kinds IS NULL OR kinds && ARRAY['FILES_STUCK']))
    UNION ALL
    (SELECT * FROM (SELECT 'PIPELINE_FAILED', coalesce((SELECT s ->> 'stage_name' FROM jsonb_array_elements(r.stages) s
                                         WHERE (s ->> 'stage_order')::integer = r.current_stage LIMIT 1), r.pipeline_name),
            c.source_tablename, c.source_tablename, r.error_message, coalesce(r.completed_at, r.started_at, r.created_at)
     FROM (SELECT p.source_tablename FROM pipeline.pipeline_config p WHERE p.known_last_run_status = 'failed'
           ORDER BY p.known_last_run_status, p.source_tablename LIMIT most) c
     -- A run under way, a retry for example, may mend it.
     CROSS JOIN LATERAL (SELECT n.* FROM pipeline.pipeline_runs_master n
                         WHERE n.source_tablename = c.source_tablename ORDER BY n.id DESC LIMIT 1) r
     WHERE r.known_status = 'failed') t WHERE (kinds IS NULL OR kinds && ARRAY['PIPELINE_FAILED']))
    UNION ALL
    (SELECT * FROM (SELECT 'PIPELINE_OVERDUE', '', c.source_tablename, c.source_tablename, NULL, c.overdue_at
     FROM pipeline.pipeline_config c WHERE c.overdue_at < now()
       AND NOT EXISTS (SELECT FROM pipeline.pipeline_runs_master r
                       WHERE r.source_tablename = c.source_tablename AND r.known_status IN ('pending', 'running'))
     ORDER BY c.overdue_at DESC LIMIT most) t WHERE (kinds IS NULL OR kinds && ARRAY['PIPELINE_OVERDUE']))
    UNION ALL
    (SELECT * FROM (SELECT 'RUN_LONG', '', r.id::text, r.source_tablename, NULL, r.started_at
     -- The oldest of those that run: whether one takes long costs a look at its pipeline's history.
     FROM (SELECT o.id FROM pipeline.pipeline_runs_master o WHERE o.known_status = 'running' ORDER BY o.id LIMIT most) k
     JOIN pipeline.pipeline_runs_master r ON r.id = k.id
     WHERE pipeline.is_long_running(r, long_minutes, now())) t WHERE (kinds IS NULL OR kinds && ARRAY['RUN_LONG']))
    UNION ALL
    (SELECT * FROM (SELECT 'DOCUMENT_FAILED', s.step_name, s.file_id::text, coalesce(f.original_filename, f.filehash, ''), s.error_message, s.at
     FROM (SELECT k.*, coalesce(k.completed_at, k.updated_at, k.created_at) AS at FROM documents.file_processing_steps k
           WHERE k.known_status = 'failure' ORDER BY coalesce(k.completed_at, k.updated_at, k.created_at) DESC, k.id DESC LIMIT most) s
     JOIN documents.files f ON f.id = s.file_id) t WHERE (kinds IS NULL OR kinds && ARRAY['DOCUMENT_FAILED']))
    UNION ALL
    (SELECT * FROM (SELECT 'STEP_STALLED', s.step_name, s.file_id::text, coalesce(f.original_filename, f.filehash, ''), NULL, coalesce(s.started_at, s.updated_at)
     FROM (SELECT * FROM documents.file_processing_steps k
           WHERE k.known_status = 'in_progress' AND coalesce(k.started_at, k.updated_at) < now() - make_interval(mins => step_minutes)
           ORDER BY coalesce(k.started_at, k.updated_at) DESC LIMIT most) s
     JOIN documents.files f ON f.id = s.file_id) t WHERE (kinds IS NULL OR kinds && ARRAY['STEP_STALLED']))
    UNION ALL
    (SELECT * FROM (SELECT CASE WHEN j.consecutive_failures >= failing_after THEN 'REPORT_FAILING' ELSE 'REPORT_STREAK' END,
            '', j.table_name, j.report_name, j.last_errors, coalesce(j.start_time, j.updated_at)
     FROM reporting.seeder_job_status j
     WHERE coalesce(j.consecutive_failures, 0) > 0 AND (agencies IS NULL OR j.agency_slug = ANY (agencies))
     ORDER BY coalesce(j.consecutive_failures, 0) DESC, j.table_name LIMIT most) t WHERE (kinds IS NULL OR kinds && ARRAY['REPORT_FAILING', 'REPORT_STREAK']))
    UNION ALL
    (SELECT * FROM (SELECT 'REPORT_LONG', '', j.table_name, j.report_name, NULL, j.start_time
     FROM reporting.seeder_job_status j
     WHERE j.known_status = 'running' AND j.start_time < now() - make_interval(mins => long_minutes)
       AND (agencies IS NULL OR j.agency_slug = ANY (agencies))
     ORDER BY j.known_status, j.table_name LIMIT most) t WHERE (kinds IS NULL OR kinds && ARRAY['REPORT_LONG']))
  ) t(kind, place, key, title, message, at)) u
$$;
--> statement-breakpoint
-- The same grouped by cause. `is_complete` is false where there are more than were looked at. `subjects` are the newest 200.
CREATE OR REPLACE FUNCTION weir.attention(stuck_minutes integer, long_minutes integer, step_minutes integer, failing_after integer,
                               agencies text[], most integer)
RETURNS TABLE (id text, kind text, place text, message text, subject_count integer, is_complete boolean, since timestamptz, latest timestamptz,
               subjects jsonb)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
AS $$
  WITH trouble AS MATERIALIZED (
    SELECT * FROM weir.trouble(stuck_minutes, long_minutes, step_minutes, failing_after, agencies, most, NULL)
  ), looked AS (
    -- Of a kind's places each was looked for by itself.
    SELECT t.kind, CASE WHEN t.kind = 'FILES_FAILED' THEN t.place END AS of_place, count(*) < most AS is_complete FROM trouble t GROUP BY 1, 2
  ), ranked AS (
    SELECT t.*, row_number() OVER (PARTITION BY t.id ORDER BY t.at DESC NULLS LAST, t.key) AS nth FROM trouble t
  )
  SELECT r.id, r.kind, r.place, min(r.message) FILTER (WHERE r.nth = 1), count(*)::integer,
         (SELECT l.is_complete FROM looked l WHERE l.kind = r.kind AND (l.of_place IS NULL OR l.of_place = r.place)),
         min(r.at) FILTER (WHERE isfinite(r.at)), max(r.at) FILTER (WHERE isfinite(r.at)),
         jsonb_agg(jsonb_build_object('key', r.key, 'title', r.title, 'at', r.at) ORDER BY r.nth) FILTER (WHERE r.nth <= 200)
  FROM ranked r GROUP BY r.id, r.kind, r.place
$$;

-- Rings for a direct writer. NOTIFY makes commits wait for each other, so of the transactions under way only one at a
-- time carries it; whoever commits a moment later is found by the tail's own looks. A transaction that is to be prepared can't
-- carry it at all: a program that uses PREPARE TRANSACTION has the setting weir.doorbell = off, at its role for example.
CREATE OR REPLACE FUNCTION weir.ring(writer text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  IF writer IS NULL AND current_setting('weir.doorbell', true) IS DISTINCT FROM 'off'
     AND pg_try_advisory_xact_lock(1464158546, 1) THEN
    PERFORM pg_notify('weir', '');
  END IF;
END
$$;
--> statement-breakpoint
-- Lets a sequence never give out an id that a program has chosen itself. Near ones are drawn, which is safe beside others that
-- draw; a far one is jumped to, from where nobody can have come meanwhile. The lock keeps two jumps apart.
CREATE FUNCTION weir.keep_ids_ahead(sequence regclass, highest bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF highest IS NULL OR highest <= coalesce(pg_sequence_last_value(sequence), 0) THEN RETURN; END IF;
  PERFORM pg_advisory_xact_lock(1464158551, sequence::oid::integer);
  IF highest - coalesce(pg_sequence_last_value(sequence), 0) > 10000 THEN
    PERFORM setval(sequence, highest);
  ELSE
    PERFORM nextval(sequence) FROM generate_series(coalesce(pg_sequence_last_value(sequence), 0) + 1, highest);
  END IF;
END
$$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION weir.keep_ids_ahead(regclass, bigint) FROM PUBLIC;
--> statement-breakpoint
CREATE FUNCTION weir.on_ids_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- The usual id was drawn from the sequence.
  IF (SELECT max(c.id) FROM came c) > pg_sequence_last_value(TG_ARGV[0]::regclass) IS NOT FALSE THEN
    PERFORM weir.keep_ids_ahead(TG_ARGV[0]::regclass, (SELECT max(c.id) FROM came c));
  END IF;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE FUNCTION weir.keep_ids_of(target regclass) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER keep_ids_ahead AFTER INSERT ON %s REFERENCING NEW TABLE AS came
                  FOR EACH STATEMENT EXECUTE FUNCTION weir.on_ids_insert(%L)',
                 target, pg_get_serial_sequence(target::text, 'id'));
  -- What a program inserted until now.
  EXECUTE format('SELECT weir.keep_ids_ahead(%L::regclass, (SELECT max(id) FROM %s))', pg_get_serial_sequence(target::text, 'id'), target);
END
$$;
--> statement-breakpoint
SELECT weir.keep_ids_of(t::regclass) FROM unnest(ARRAY[
  'pipeline.pipeline_runs_master', 'pipeline.pipeline_stages', 'pipeline.pipeline_run_stage_logs',
  'documents.files', 'documents.file_processing_steps', 'documents.processing_logs',
  'reporting.seeder_run_history', 'reporting.seeder_custom_report_manifest', 'reporting.seeder_canned_report_manifest',
  'reporting.seeder_canned_report']) t;
--> statement-breakpoint
-- file_statuses looks after its ids in the trigger that it has.
SELECT weir.keep_ids_ahead('ingest.file_statuses_id_seq', (SELECT max(id) FROM ingest.file_statuses));
--> statement-breakpoint
-- Announces the rows of a table whose current state is its rows. Arguments: topic, key column, the columns of the primary key.
-- SECURITY DEFINER: a direct writer needs no right on anything but the table it writes. TimeZone: the carried row reads the
-- same whatever the writer's session says. TRUNCATE, before it is done, announces each row as deleted.
CREATE OR REPLACE FUNCTION weir.announce() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
  writer text := weir.writer();
BEGIN
  -- OFFSET 0: each row becomes JSON once, and its primary key is picked only where it is needed.
  IF TG_OP = 'INSERT' THEN
    INSERT INTO weir.change (topic, key, operation, "row", is_carried, actor)
    SELECT TG_ARGV[0], coalesce(n.whole ->> TG_ARGV[1], ''), TG_OP,
           CASE WHEN n.size <= 65536 THEN n.whole ELSE weir.picked(n.whole, TG_ARGV[2:]) END, n.size <= 65536, writer
    FROM (SELECT w.whole, pg_column_size(w.whole) AS size FROM (SELECT to_jsonb(r) AS whole FROM came r OFFSET 0) w OFFSET 0) n
    ORDER BY n.whole -> TG_ARGV[2], n.whole -> TG_ARGV[3];
  ELSIF TG_OP = 'UPDATE' THEN
    -- An update that changes nothing is no change: EXCEPT leaves it out.
    INSERT INTO weir.change (topic, key, operation, "row", is_carried, actor)
    SELECT TG_ARGV[0], coalesce(n.whole ->> TG_ARGV[1], ''), TG_OP,
           CASE WHEN n.size <= 65536 THEN n.whole ELSE weir.picked(n.whole, TG_ARGV[2:]) END, n.size <= 65536, writer
    FROM (SELECT w.whole, pg_column_size(w.whole) AS size
          FROM (SELECT to_jsonb(r) AS whole FROM (TABLE came EXCEPT TABLE gone) r OFFSET 0) w OFFSET 0) n
    ORDER BY n.whole -> TG_ARGV[2], n.whole -> TG_ARGV[3];
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO weir.change (topic, key, operation, "row", is_carried, actor)
    SELECT TG_ARGV[0], coalesce(o.whole ->> TG_ARGV[1], ''), TG_OP,
           CASE WHEN o.size <= 65536 THEN o.whole ELSE weir.picked(o.whole, TG_ARGV[2:]) END, o.size <= 65536, writer
    FROM (SELECT w.whole, pg_column_size(w.whole) AS size FROM (SELECT to_jsonb(r) AS whole FROM gone r OFFSET 0) w OFFSET 0) o
    ORDER BY o.whole -> TG_ARGV[2], o.whole -> TG_ARGV[3];
  ELSE
    EXECUTE format('INSERT INTO weir.change (topic, key, operation, "row", is_carried, actor)
      SELECT $1, coalesce(o.whole ->> $2, ''''), ''DELETE'',
             CASE WHEN o.size <= 65536 THEN o.whole ELSE weir.picked(o.whole, $3) END, o.size <= 65536, $4
      FROM (SELECT w.whole, pg_column_size(w.whole) AS size FROM (SELECT to_jsonb(r) AS whole FROM %s r OFFSET 0) w OFFSET 0) o
      ORDER BY o.whole -> $3[1], o.whole -> $3[2]', TG_RELID::regclass)
    USING TG_ARGV[0], TG_ARGV[1], TG_ARGV[2:], writer;
  END IF;
  PERFORM weir.ring(writer);
  RETURN NULL;
END
$$;
--> statement-breakpoint
-- Makes the triggers: SELECT weir.announce_rows_of('system.things', 'THING', key column, primary key columns…).
CREATE OR REPLACE FUNCTION weir.announce_rows_of(target regclass, topic text, key_column text, VARIADIC primary_key text[]) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  arguments text := (SELECT string_agg(quote_literal(a), ', ' ORDER BY at)
                     FROM unnest(ARRAY[topic, key_column] || primary_key) WITH ORDINALITY AS t(a, at));
BEGIN
  EXECUTE format('CREATE OR REPLACE TRIGGER announce_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS came
                  FOR EACH STATEMENT EXECUTE FUNCTION weir.announce(%s)', target, arguments);
  EXECUTE format('CREATE OR REPLACE TRIGGER announce_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS gone NEW TABLE AS came
                  FOR EACH STATEMENT EXECUTE FUNCTION weir.announce(%s)', target, arguments);
  EXECUTE format('CREATE OR REPLACE TRIGGER announce_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS gone
                  FOR EACH STATEMENT EXECUTE FUNCTION weir.announce(%s)', target, arguments);
  EXECUTE format('CREATE OR REPLACE TRIGGER announce_truncate BEFORE TRUNCATE ON %s
                  FOR EACH STATEMENT EXECUTE FUNCTION weir.announce(%s)', target, arguments);
END
$$;
--> statement-breakpoint
SELECT weir.announce_rows_of('pipeline.pipeline_config', 'PIPELINE', 'source_tablename', 'source_tablename');
--> statement-breakpoint
SELECT weir.announce_rows_of('pipeline.pipeline_runs_master', 'RUN', 'id', 'id');
--> statement-breakpoint
SELECT weir.announce_rows_of('pipeline.pipeline_run_stage_logs', 'RUN_STAGE', 'pipeline_run_id', 'id');
--> statement-breakpoint
SELECT weir.announce_rows_of('documents.files', 'FILE', 'id', 'id');
--> statement-breakpoint
SELECT weir.announce_rows_of('documents.file_processing_steps', 'FILE_STEP', 'file_id', 'id');
--> statement-breakpoint
SELECT weir.announce_rows_of('reporting.seeder_run_history', 'SEEDER_RUN', 'table_name', 'id');
--> statement-breakpoint
SELECT weir.announce_rows_of('reporting.seeder_job_status', 'SEEDER_JOB', 'table_name', 'table_name');
--> statement-breakpoint
-- What DELETE refuses row by row.
CREATE FUNCTION pipeline.on_pipelines_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  unfinished text := (SELECT min(r.source_tablename) FROM pipeline.pipeline_runs_master r WHERE r.status IN ('pending', 'running'));
BEGIN
  IF unfinished IS NOT NULL THEN
    RAISE EXCEPTION '% has a run that is not finished', quote_literal(unfinished)
      USING ERRCODE = 'foreign_key_violation', HINT = 'Wait for its end, or cancel it.';
  END IF;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER keep_all_while_running BEFORE TRUNCATE ON pipeline.pipeline_config
FOR EACH STATEMENT EXECUTE FUNCTION pipeline.on_pipelines_truncate();

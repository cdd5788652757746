-- Announces the rows of a table whose current state is its rows. Arguments: topic, key column, the columns of the primary key.
-- SECURITY DEFINER: a direct writer needs no right on anything but the table it writes. TimeZone: the carried row reads the
-- same whatever the writer's session says.
CREATE FUNCTION weir.announce() RETURNS trigger
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
    ORDER BY n.whole -> TG_ARGV[2];
  ELSIF TG_OP = 'UPDATE' THEN
    -- An update that changes nothing is no change: EXCEPT leaves it out.
    INSERT INTO weir.change (topic, key, operation, "row", is_carried, actor)
    SELECT TG_ARGV[0], coalesce(n.whole ->> TG_ARGV[1], ''), TG_OP,
           CASE WHEN n.size <= 65536 THEN n.whole ELSE weir.picked(n.whole, TG_ARGV[2:]) END, n.size <= 65536, writer
    FROM (SELECT w.whole, pg_column_size(w.whole) AS size
          FROM (SELECT to_jsonb(r) AS whole FROM (TABLE came EXCEPT TABLE gone) r OFFSET 0) w OFFSET 0) n
    ORDER BY n.whole -> TG_ARGV[2];
  ELSE
    INSERT INTO weir.change (topic, key, operation, "row", is_carried, actor)
    SELECT TG_ARGV[0], coalesce(o.whole ->> TG_ARGV[1], ''), TG_OP,
           CASE WHEN o.size <= 65536 THEN o.whole ELSE weir.picked(o.whole, TG_ARGV[2:]) END, o.size <= 65536, writer
    FROM (SELECT w.whole, pg_column_size(w.whole) AS size FROM (SELECT to_jsonb(r) AS whole FROM gone r OFFSET 0) w OFFSET 0) o
    ORDER BY o.whole -> TG_ARGV[2];
  END IF;
  PERFORM weir.ring(writer);
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE FUNCTION weir.picked(whole jsonb, names text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT jsonb_object_agg(n, whole -> n) FROM unnest(names) n);
--> statement-breakpoint
-- Makes the triggers: SELECT weir.announce_rows_of('system.things', 'THING', key column, primary key columns…).
CREATE FUNCTION weir.announce_rows_of(target regclass, topic text, key_column text, VARIADIC primary_key text[]) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  arguments text := (SELECT string_agg(quote_literal(a), ', ' ORDER BY at)
                     FROM unnest(ARRAY[topic, key_column] || primary_key) WITH ORDINALITY AS t(a, at));
BEGIN
  EXECUTE format('CREATE TRIGGER announce_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS came
                  FOR EACH STATEMENT EXECUTE FUNCTION weir.announce(%s)', target, arguments);
  EXECUTE format('CREATE TRIGGER announce_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS gone NEW TABLE AS came
                  FOR EACH STATEMENT EXECUTE FUNCTION weir.announce(%s)', target, arguments);
  EXECUTE format('CREATE TRIGGER announce_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS gone
                  FOR EACH STATEMENT EXECUTE FUNCTION weir.announce(%s)', target, arguments);
END
$$;

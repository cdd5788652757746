-- The newest change that a mark sees, by which a database is told from an older copy of itself: its number, its instant in
-- microseconds, and a digest of the last changes before it. Those are of its own day: they are forgotten together. Null when
-- the mark sees no change that is kept. In plpgsql, which keeps its plans.
CREATE FUNCTION weir.fingerprint(seen pg_snapshot, ceiling bigint) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  newest record;
  day timestamptz;
  digest text;
BEGIN
  SELECT c.seq, c.at, (extract(epoch FROM c.at) * 1000000)::bigint AS micros INTO newest FROM weir.change c
  WHERE c.seq <= ceiling AND pg_visible_in_snapshot(c.xid, seen) ORDER BY c.seq DESC LIMIT 1;
  IF NOT FOUND THEN RETURN NULL; END IF;
  day := date_trunc('day', newest.at, 'UTC');
  SELECT left(md5(string_agg(c.seq || ' ' || c.xid || ' ' || encode(timestamptz_send(c.at), 'hex'), ',' ORDER BY c.seq)), 12)
  INTO digest FROM weir.change c
  WHERE c.seq > newest.seq - 16 AND c.seq <= newest.seq AND pg_visible_in_snapshot(c.xid, seen)
    AND c.at >= day AND c.at < day + interval '24 hours';
  RETURN newest.seq || '.' || newest.micros || '.' || digest;
END
$$;
--> statement-breakpoint
-- The fingerprint, without its digest, of the newest change that retention has removed.
ALTER TABLE weir.feed ADD COLUMN forgotten_newest text;

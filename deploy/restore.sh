#!/usr/bin/env bash
# Restores a backup into an empty database: deploy/restore.sh <file>
# DATABASE_URL names that database; stop the services on it first. Subscribers get CURSOR_EXPIRED and read the state anew: changes of
# after the backup are gone, and no cursor of theirs is continued with a gap. The service makes the login of reports again when it starts.
set -euo pipefail
file=${1:?usage: restore.sh <file>}
: "${DATABASE_URL:?set DATABASE_URL}"
bin=${PG_BIN:+$PG_BIN/}
tables=$("${bin}psql" --no-psqlrc -At "$DATABASE_URL" -c "select count(*) from pg_namespace where nspname in ('weir', 'ingest', 'pipeline', 'documents', 'reporting', 'drizzle')")
if [ "$tables" != 0 ]; then
  echo "The database is not empty. Restore into a new one, and let the service use that." >&2
  exit 1
fi
"${bin}pg_restore" --no-owner --no-privileges --exit-on-error --single-transaction --dbname="$DATABASE_URL" "$file"
echo "restored $file"

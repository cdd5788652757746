#!/usr/bin/env bash
# A backup of Weir's database, beside the running service: deploy/backup.sh <folder>
# DATABASE_URL says which; for the service's own PostgreSQL: DATABASE_URL="$(cat /var/lib/weir/database-url)". pg_dump has to be of the
# server's version or newer; PG_BIN names its folder. What encrypts credentials (WEIR_SECRET_KEY, or secret-key in the data directory)
# is not in it: keep a copy elsewhere.
set -euo pipefail
folder=${1:?usage: backup.sh <folder>}
: "${DATABASE_URL:?set DATABASE_URL}"
bin=${PG_BIN:+$PG_BIN/}
umask 077
mkdir -p "$folder"
name="$folder/weir-$(date -u +%Y%m%dT%H%M%SZ).dump"
# A name that no restore takes for a whole backup, until it is one.
"${bin}pg_dump" --format=custom --no-owner --no-privileges --file="$name.part" --dbname="$DATABASE_URL"
"${bin}pg_restore" --list "$name.part" >/dev/null
mv "$name.part" "$name"
echo "$name"

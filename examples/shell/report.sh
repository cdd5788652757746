#!/bin/sh
# Reports a report's refresh around a command, as cron needs it, by curl and jq:
#
#   WEIR_URL=http://127.0.0.1:4000 ./report.sh agency_files psql -f refresh.sql
set -eu

table=$1
shift
run="$table-$(date +%s)-$$"

# ask <query> <variables>: prints the data; ends with 1 and the message where the service refuses. Each of these reports may arrive
# twice, under one run's id.
ask() {
  answer=$(jq -n --arg query "$1" --argjson variables "$2" '{$query, $variables}' |
    curl -sS --retry 5 --retry-connrefused --max-time 30 "${WEIR_URL:-http://127.0.0.1:4000}/graphql" \
      -H 'content-type: application/json' ${WEIR_TOKEN:+-H "authorization: Bearer $WEIR_TOKEN"} -d @-)
  if ! printf '%s' "$answer" | jq -e '.errors == null' >/dev/null; then
    printf '%s' "$answer" | jq -r '.errors[0].message' >&2
    return 1
  fi
  printf '%s' "$answer" | jq -c .data
}

ask 'mutation ($table: String!, $run: String) { startSeederRun(tableName: $table, runId: $run) { status } }' \
  "$(jq -n --arg table "$table" --arg run "$run" '{$table, $run}')"

errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
if "$@" 2>"$errors"; then
  ask 'mutation ($run: String!) { finishSeederRun(runId: $run) { status } }' "$(jq -n --arg run "$run" '{$run}')"
else
  code=$?
  ask 'mutation ($run: String!, $errors: String!) { failSeederRun(runId: $run, errors: $errors) { status } }' \
    "$(jq -n --arg run "$run" --arg errors "ended with $code: $(tail -c 2000 "$errors")" '{$run, $errors}')"
  exit "$code"
fi

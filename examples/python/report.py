#!/usr/bin/env python3
"""Reports to Weir over HTTP, by Python's standard library alone.

    WEIR_URL=http://127.0.0.1:4000 python3 report.py /logs/20240115_radiology.log
"""
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

ENDPOINT = os.environ.get("WEIR_URL", "http://127.0.0.1:4000").removesuffix("/graphql") + "/graphql"
RECORD = """mutation ($input: [FileStatusInput!]!, $key: String) {
  recordFileStatuses(input: $input, idempotencyKey: $key) { id filePath status } }"""


class WeirError(Exception):
    """The service refused; `code` says why, as BAD_USER_INPUT does."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.code = error.get("extensions", {}).get("code")


def ask(query, **variables):
    """Answers the data. What may pass is tried five times more: a report has a key, so that it is stored once."""
    headers = {"content-type": "application/json", "accept": "application/graphql-response+json"}
    if "WEIR_TOKEN" in os.environ:
        headers["authorization"] = "Bearer " + os.environ["WEIR_TOKEN"]
    body = json.dumps({"query": query, "variables": variables}).encode()
    for attempt in range(6):
        try:
            with urllib.request.urlopen(urllib.request.Request(ENDPOINT, body, headers), timeout=30) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            if "json" not in error.headers.get("content-type", ""):
                raise
            answer = json.load(error)
        except OSError:
            if attempt == 5:
                raise
            answer = {"errors": [{"message": "no answer", "extensions": {"code": "UNAVAILABLE"}}]}
        error = next(iter(answer.get("errors", [])), None)
        if error is None:
            return answer["data"]
        if error.get("extensions", {}).get("code") != "UNAVAILABLE" or attempt == 5:
            raise WeirError(error)
        time.sleep(0.2 * 2**attempt)


if __name__ == "__main__":
    reports = [{"filePath": path, "type": "LOG", "status": "PARSED"} for path in sys.argv[1:]]
    for stored in ask(RECORD, input=reports, key=str(uuid.uuid4()))["recordFileStatuses"]:
        print(stored["id"], stored["filePath"], stored["status"])

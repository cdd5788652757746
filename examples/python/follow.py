#!/usr/bin/env python3
"""Follows Weir's changes by server-sent events, by Python's standard library alone; comes back by itself and misses none.

    WEIR_URL=http://127.0.0.1:4000 python3 follow.py [file that keeps the place]
"""
import json
import os
import sys
import time
import urllib.error
import urllib.request

ENDPOINT = os.environ.get("WEIR_URL", "http://127.0.0.1:4000").removesuffix("/graphql") + "/graphql"
CHANGES = "subscription ($after: Cursor) { changes(after: $after) { cursor topic key operation } }"
LIVE = "{ liveCursor }"


def open_stream(query, variables, accept):
    headers = {"content-type": "application/json", "accept": accept}
    if "WEIR_TOKEN" in os.environ:
        headers["authorization"] = "Bearer " + os.environ["WEIR_TOKEN"]
    body = json.dumps({"query": query, "variables": variables}).encode()
    # The service sends a comment every few seconds: a silent connection is a dead one.
    return urllib.request.urlopen(urllib.request.Request(ENDPOINT, body, headers), timeout=60)


def follow(place=None):
    """Yields changes for ever. `place`: a file whose cursor is gone on behind, and which is kept up to date."""
    after = None
    if place is not None and os.path.exists(place):
        with open(place, encoding="utf8") as file:
            after = file.read()
    while True:
        try:
            if after is None:
                with open_stream(LIVE, {}, "application/json") as response:
                    after = json.load(response)["data"]["liveCursor"]
            with open_stream(CHANGES, {"after": after}, "text/event-stream") as stream:
                for line in stream:
                    if not line.startswith(b"data: {"):
                        continue
                    answer = json.loads(line[6:])
                    if answer.get("errors"):
                        raise SystemExit(answer["errors"][0]["message"])
                    change = answer["data"]["changes"]
                    yield change
                    after = change["cursor"]
                    if place is not None:
                        with open(place, "w", encoding="utf8") as file:
                            file.write(after)
        except OSError as error:
            if isinstance(error, urllib.error.HTTPError) and error.code < 500:
                raise
        time.sleep(1)


if __name__ == "__main__":
    for told in follow(*sys.argv[1:2]):
        print(told["topic"], told["operation"], told["key"], flush=True)

#!/usr/bin/env python3
"""Writes statuses into Weir's tables by COPY, with psycopg 3; triggers announce each of them.

    DATABASE_URL=postgres://… python3 copy_statuses.py < statuses.tsv    path, type and status in each line
"""
import os
import sys

import psycopg

with psycopg.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
    with cursor.copy("COPY ingest.file_statuses (file_path, type, status) FROM STDIN") as copy:
        for line in sys.stdin:
            copy.write_row(line.rstrip("\n").split("\t"))
    print(cursor.rowcount, "statuses")

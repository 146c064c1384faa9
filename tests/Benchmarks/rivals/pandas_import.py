"""Seconds that pandas takes from a CSV file to a Parquet file: read_csv, and to_parquet where it has an engine.

Prints "seconds S", "written 1" (0: no engine is there, read_csv alone) and "peak BYTES". usage: pandas_import.py SOURCE TARGET
"""
import resource
import sys
import time

import pandas

start = time.perf_counter()
table = pandas.read_csv(sys.argv[1])
written = 1
try:
    table.to_parquet(sys.argv[2])
except ImportError:
    written = 0
print("seconds", time.perf_counter() - start)
print("written", written)
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)

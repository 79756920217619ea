"""Runs every benchmark and prints one table."""

from __future__ import annotations

from benchmarks import engine, first_paint, history, streaming

PARTS = {"Engine": engine, "History": history, "First paint": first_paint, "Streaming": streaming}

for title, part in PARTS.items():
    print(f"\n{title}")
    for name, value in part.run():
        print(f"  {name:<64}{value:>14}", flush=True)

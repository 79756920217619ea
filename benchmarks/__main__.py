"""Runs every benchmark and prints one table."""

from __future__ import annotations

from benchmarks import engine, first_paint, history, prompts, streaming, whole_run

PARTS = {
    "Engine": engine,
    "History": history,
    "First paint": first_paint,
    "Streaming": streaming,
    "Prompts of the built-in researcher: calls, tokens, share that repeats an earlier beginning": prompts,
    "A whole run on a scripted server, over HTTP": whole_run,
}

for title, part in PARTS.items():
    print(f"\n{title}")
    for name, value in part.run():
        print(f"  {name:<64}{value:>16}", flush=True)

"""The models: who answers a request. The built-in researcher, or any server that speaks OpenAI's chat completions.

From below: `secret` and `named` (what the user says), `keys`, `wire` (HTTP), `faults` (what refusals mean), `form`
(what is sent), `reading` and `tokens` (what comes back), `server` (one answer), `calls` (a whole reply, come what may).
"""

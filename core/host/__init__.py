"""The engine as a process of its own: it outlives the app, and apps attach to it over a private Unix socket."""

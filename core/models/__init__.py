"""The models: who answers a request (the built-in researcher; servers come with a later piece of work)."""

"""The face: the command line, and the Textual app on the engine's events."""

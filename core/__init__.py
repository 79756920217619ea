"""The laboratory without a face: the engine, the agents and the git-backed project. Never imports the screen."""

"""The built-in researcher: a model made of rules, which knows what a brief tells it and says everywhere what it is."""

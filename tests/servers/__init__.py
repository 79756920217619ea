"""Small real servers on 127.0.0.1 that speak the protocols labtop speaks, and misbehave when told to."""

"""The seven phases: each module's `step` makes one turn from the workspace as it stands."""

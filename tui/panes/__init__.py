"""The panes: each shows one thing, takes plain values through a few methods, and cleans what comes from outside."""

"""Programs that nobody has read, run where they can do no harm.

`run` starts one program under bubblewrap, Landlock or plainly (`tiers`) and comes back with an `Outcome`, whatever the
program does. `programs` runs a Python program of a project in a private copy of it and reads the results back as data.
The only channels back are the exit status, the bytes printed and regular files: nothing is ever unpickled or imported.
"""

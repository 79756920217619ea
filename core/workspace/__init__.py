"""The git-backed project: its tree is the whole state, every turn is one commit, and nothing is ever destroyed.

`project.py` is the public face. `git.py` runs git so that nothing a workspace holds is executed (`hardening.py`);
`files.py` reads and writes inside the tree without following links; `journal.py` makes a change of the tree whole
after a crash; `turns.py` is the commit's message, `history.py` reads the log, `lines.py` rolls back, undoes, branches.
"""

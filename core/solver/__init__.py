"""The search over candidates: propose → check → repair → score → reflect → keep the best.

The mle-solver searches programs and the paper-solver reports; both are this one search with a craft of their own
(Schmidgall et al. 2025, sections 3.2 and 3.3).
"""

"""Peer review: the NeurIPS form, its score, and the panel of three that fills it in."""

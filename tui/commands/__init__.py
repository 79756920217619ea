"""The commands of the program, by theme; those without a screen never import Textual."""

"""The report as LaTeX: its eight sections, escaping, engines, compiling in the sandbox, and pages back as text."""

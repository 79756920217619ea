"""The person's own library: PDFs and `.bib` files, read only, searched first."""

from __future__ import annotations


"""What a writer or a reviewer has at hand: the brief's facts read once, and the papers by what they are about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.brief import Brief, DataCard, Reviewed
from core.models.builtin.evidence import Evidence, read_evidence
from core.models.builtin.findings import Finding, findings
from core.models.builtin.plan import study_from_plan
from core.models.builtin.reach import gap, instead
from core.models.builtin.source import literal
from core.models.builtin.study import Study
from core.models.builtin.verdict import Verdict, decide
from core.models.builtin.wording import tex

_KEY = re.compile(r"[A-Za-z0-9][\w.:/+-]*\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Facts:
    """The question, what was measured, what it means for the hypothesis, and what was read."""

    question: str
    evidence: Evidence
    findings: tuple[Finding, ...]
    hypothesis: str
    verdict: Verdict
    data: DataCard | None
    review: tuple[Reviewed, ...]
    figures: tuple[str, ...]
    round: int
    program: str = ""
    study: Study | None = None
    """The design that the plan's table describes."""

    @property
    def gap(self) -> str:
        """What the question asks and the study does not answer, with what was measured instead; empty mostly."""
        beyond = gap(self.question, self.data)
        return f"{beyond} {instead(self.study, self.dataset)}" if beyond and self.study else beyond

    @property
    def dataset(self) -> str:
        """The data set's name in a sentence, as plain text."""
        return f"“{self.data.title}”" if self.data else "the data set"

    @property
    def validation_share(self) -> float | None:
        """The share of the training rows that the program holds out as validation rows, where it says so."""
        share = literal(self.program, "VALIDATION_SHARE")
        return share if isinstance(share, float) and 0 < share < 1 else None

    def draws(self, path: str) -> bool:
        """Whether the program drew this figure in the built-in researcher's own way, so that its content is known."""
        stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        return f'save(figure, "{stem}")' in self.program and f"figures/{stem}.pdf: " in self.program

    def said(self, topic: str) -> str:
        """The finding on a topic, empty when there is none."""
        return next((finding.text for finding in self.findings if finding.topic == topic), "")

    def about(self, *words: str) -> list[str]:
        """Keys of the reviewed papers whose title holds one of the words."""
        return [
            key(entry)
            for entry in self.review
            if key(entry) and any(word.lower() in entry.paper.title.lower() for word in words)
        ]


def facts_of(brief: Brief) -> Facts:
    """Read a brief's facts."""
    evidence = read_evidence(brief.metrics)
    hypothesis = _hypothesis(brief.plan)
    return Facts(
        question=brief.question.strip(),
        evidence=evidence,
        findings=tuple(findings(evidence)),
        hypothesis=hypothesis.strip(),
        verdict=decide(hypothesis, evidence),
        data=brief.data,
        review=brief.review,
        figures=brief.figures,
        round=brief.round,
        program=brief.program,
        study=study_from_plan(brief.plan),
    )


def _hypothesis(plan: str) -> str:
    """The plan's hypothesis: from its design table, else from a line that begins with the word."""
    study = study_from_plan(plan)
    if study:
        return study.hypothesis
    found = re.search(r"^[\W_]*hypothesis[\W_]*[:.|]?[\W_]*(\w.*)$", plan, re.IGNORECASE | re.MULTILINE)
    return found[1].strip(" |*_") if found else ""


def key(entry: Reviewed) -> str:
    r"""The paper's `\cite` key; empty when its id cannot be one."""
    return entry.paper.id if _KEY.match(entry.paper.id) else ""


def cite(keys: Sequence[str], limit: int = 4) -> str:
    r"""A citation with a leading tie, e.g. `~\citep{a,b}`; empty without keys."""
    return rf"~\citep{{{','.join(keys[:limit])}}}" if keys else ""


def quoted(text: str) -> str:
    """A person's words as LaTeX in quotation marks, on one line."""
    return f"``{tex(' '.join(text.split()))}''"

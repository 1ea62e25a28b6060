"""What the shell may ask, by name: a new question is an entry in one of these files."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cibot.cli.questions import cis, details, general
from cibot.cli.questions.question import ShellQuestion

QUESTIONS: Mapping[str, ShellQuestion] = MappingProxyType(
    {
        question.command.name: question
        for module in (cis, details, general)
        for question in module.QUESTIONS
    }
)

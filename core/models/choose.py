"""From the settings' name of a model to the model."""

from __future__ import annotations

from core.errors import SettingsError
from core.models.model import Model
from core.settings import Settings


def choose(settings: Settings) -> Model:
    """The model that `lab.toml` names; raises SettingsError for a name that is not known."""
    if settings.model == "builtin":
        from core.models.builtin.researcher import BuiltinResearcher

        return BuiltinResearcher(settings.seed)
    raise SettingsError(
        f"lab.toml names the model “{settings.model}”, which this version does not know.",
        'Set model = "builtin", the built-in researcher.',
    )

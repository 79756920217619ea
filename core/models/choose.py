"""From the settings' names of models to the models."""

from __future__ import annotations

from functools import partial

from core.errors import SettingsError
from core.models.keys import key_for
from core.models.model import Model
from core.models.named import Named, config_path, known_models
from core.models.server import Server
from core.record import Agent, Phase
from core.settings import Settings

_SERVERS: dict[Named, Server] = {}
"""One client for each named model and process: making one takes 0.4 s, and a kept connection saves a handshake."""


class Models:
    """The models of one project. Raises SettingsError at once for a name that is not known, with those that are."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known = {named.name: named for named in known_models()} if self._wanted() - {"builtin"} else {}
        self._builtin: Model | None = None
        for name in self._wanted() - {"builtin"} - set(self._known):
            known = ", ".join(f"“{one}”" for one in ("builtin", *self._known))
            raise SettingsError(
                f"lab.toml names the model “{name}”, which is not known.",
                f"Known: {known}. Describe it as [models.{name}] in {config_path()}, or name another.",
            )

    def model_for(self, phase: Phase, agent: Agent) -> Model:
        """The model that answers for an agent in a phase: its role's, else the phase's, else the project's."""
        places = self._settings.models
        role = "reviewer" if agent.value.startswith("reviewer-") else agent.value
        names = (places.get(agent.value), places.get(role), places.get(phase.value), self._settings.model)
        return self._model(next(name for name in names if name))

    def _wanted(self) -> set[str]:
        return {self._settings.model, *self._settings.models.values()}

    def _model(self, name: str) -> Model:
        if name != "builtin":
            return server_for(self._known[name])
        if self._builtin is None:
            from core.models.builtin.researcher import BuiltinResearcher

            self._builtin = BuiltinResearcher(self._settings.seed)
        return self._builtin


def server_for(named: Named) -> Server:
    """This process's client of a named model; its key is looked up when the first call is made."""
    if named not in _SERVERS:
        _SERVERS[named] = Server(named, partial(key_for, named))
    return _SERVERS[named]

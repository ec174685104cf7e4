"""A database with secrets in it, and the paths at which they stand."""

from __future__ import annotations

from typing import Final

from store.locations import Locations
from store.manager import ConfigManager
from tests.support.deck import ACTOR

NODE_KEY: Final = "nodes.dk03-a.security_key"
PROVIDER: Final = "provider_configs.openai"
SETTING: Final = "svc.api_token"
VALUES: Final = {NODE_KEY: "s3cret-of-a-node", PROVIDER: "s3cret-of-openai", SETTING: "s3cret-svc"}


def with_secrets(places: Locations, *chosen: str) -> Locations:
    """Seal a value at some paths; without any, a node's key, a provider's key and a setting."""
    with ConfigManager.open(places, actor=ACTOR) as manager:
        for path in chosen or VALUES:
            manager.set_secret(path, VALUES.get(path, "s3cret"), reason="first keys")
    return places

from collections.abc import Callable, Mapping
from typing import Any

def loader(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]: ...

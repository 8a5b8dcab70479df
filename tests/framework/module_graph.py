"""The imports of modules, read from their source. Imports in functions and under TYPE_CHECKING count, too."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

Graph = Mapping[str, set[str]]


def modules(root: Path, *packages: str) -> dict[str, Path]:
    """Return the files of packages below `root` by the dotted names of their modules."""
    files = [file for package in packages for file in sorted((root / package).rglob("*.py"))]
    return {_dotted(file.relative_to(root)): file for file in files}


def imports(root: Path, *packages: str) -> dict[str, set[str]]:
    """Return the modules of `packages` that each of them imports.

    A module loads the packages around what it imports, unless it is in them itself. The outermost ones count
    only where they are named: they import nothing when they are loaded (PEP 562).
    """
    files = modules(root, *packages)
    graph: dict[str, set[str]] = {}
    for name, file in files.items():
        targets = set(_targets(name, file, files)) - {name}
        around = {parent for target in targets for parent in _parents(target) if not _is_within(name, parent)}
        graph[name] = (targets | around) & files.keys()
    return graph


def circles(graph: Graph) -> list[list[str]]:
    """Return the modules that import each other: the strongly connected components of more than one.

    The algorithm is Tarjan's (Depth-first search and linear graph algorithms, 1972).
    """
    search = _Search(graph)
    for module in graph:
        if module not in search.order:
            search.visit(module)
    return [sorted(component) for component in search.components if len(component) > 1]


class _Search:
    """A depth-first search. `order` has the modules as they were found, `path` those still to be placed."""

    def __init__(self, graph: Graph) -> None:
        self.order: dict[str, int] = {}
        self.components: list[list[str]] = []
        self._graph = graph
        self._lowest: dict[str, int] = {}
        self._path: list[str] = []

    def visit(self, module: str) -> None:
        self.order[module] = self._lowest[module] = len(self.order)
        self._path.append(module)
        for imported in self._graph[module]:
            if imported not in self.order:
                self.visit(imported)
            if imported in self._path:
                self._lowest[module] = min(self._lowest[module], self._lowest[imported])
        if self._lowest[module] == self.order[module]:
            start = self._path.index(module)
            self.components.append(self._path[start:])
            del self._path[start:]


def _dotted(file: Path) -> str:
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _parents(module: str) -> Iterator[str]:
    while (module := module.rpartition(".")[0]) and "." in module:
        yield module


def _is_within(module: str, package: str) -> bool:
    return f"{module}.".startswith(f"{package}.")


def _targets(name: str, file: Path, files: Mapping[str, Path]) -> Iterator[str]:
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, package)
            names = [f"{base}.{alias.name}" for alias in node.names]
            yield from (each if each in files else base for each in names)


def _base(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [node.module])])

"""How an application gets the framework: a wheel in its `vendor/`, or a checkout installed as editable.

Signalbox is on no package index. The wheel is made again from what is installed, file by file as its RECORD
lists them (the binary distribution format of PyPA), so it does not matter where the first one went.
"""

import base64
import hashlib
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from .contents import CHECKOUT

EXTRAS = "[authorizer,cdk,client,gateway,testing]"
PACKAGES = ("connection_store", "signalbox")
METADATA = ("METADATA", "WHEEL", "entry_points.txt", "licenses")
"""The files that a wheel brings along in its .dist-info; the rest was added by the installer."""


def provide(vendor: Path, checkout: Path = CHECKOUT) -> str:
    """Return the line of requirements.txt that installs this framework.

    From a checkout that is its folder. Otherwise its wheel is put into the folder `vendor`.
    """
    if (checkout / "pyproject.toml").exists():
        return f"-e {checkout}{EXTRAS}"
    wheel = pack(distribution("signalbox"), vendor)
    return f"./{vendor.name}/{wheel.name}{EXTRAS}"


def pack(installed: Distribution, folder: Path) -> Path:
    """Write the wheel of an installed pure Python distribution into `folder`; return its path.

    The same installation gives the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{installed.name}-{installed.version}-py3-none-any.whl"
    files = dict(sorted(_files(installed)))
    record = f"{installed.name}-{installed.version}.dist-info/RECORD"
    rows = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in files.items()]
    with ZipFile(wheel, "w", ZIP_DEFLATED) as archive:
        for name, content in {**files, record: "\n".join([*rows, f"{record},,\n"]).encode()}.items():
            archive.writestr(_entry(name), content, ZIP_DEFLATED)
    return wheel


def _files(installed: Distribution) -> Iterator[tuple[str, bytes]]:
    for file in installed.files or ():
        package, *rest = file.parts
        ours = package in PACKAGES and "__pycache__" not in rest
        if ours or (package.endswith(".dist-info") and rest[0] in METADATA):
            yield file.as_posix(), file.read_binary()


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name)  # dated 1980: a time of now would differ from one wheel to the next
    entry.external_attr = 0o644 << 16
    return entry

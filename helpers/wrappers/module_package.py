"""A module as a signed package: what belongs into it, the archive, the signature over it."""

from __future__ import annotations

import fnmatch
import gzip
import io
import os
import tarfile
import tempfile
from pathlib import Path

from helpers.core.errors import BadInput
from helpers.wrappers.cosign import Cosign

#: Never part of a module: names that tools and editors make by themselves, as patterns of `fnmatch`.
LEFT_OUT = (".git", ".terraform", ".terraform.lock.hcl", ".ipynb_checkpoints", "__pycache__", ".DS_Store", ".*.swp")
#: Terraform's state. It is packed all the same, so that the registry says that it has no place in a module.
STATE = ("*.tfstate", "*.tfstate.*")


def pack(folder: str | os.PathLike[str]) -> bytes:
    """Return a module's directory as tar.gz; the same files give the same bytes, whoever packs them and when.

    Raises:
        BadInput: there is no such directory, or it holds a symbolic link or a special file.
    """
    root = Path(folder)
    if not root.is_dir():
        raise BadInput(
            f"There is no module in {root}", why="The directory does not exist.", next="Write the module first."
        )
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in members(root):
            data = path.read_bytes()
            info = tarfile.TarInfo(path.relative_to(root).as_posix())
            info.size, info.mode, info.mtime = len(data), 0o644, 0
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(plain.getvalue(), mtime=0)


def members(root: Path) -> list[Path]:
    """Return the files of a module that belong into its package.

    Raises:
        BadInput: it holds a symbolic link or a special file.
    """
    found = []
    for folder, names, files in os.walk(root):
        names[:] = sorted(n for n in names if not _left_out(n))
        for name in sorted([*files, *(n for n in names if (Path(folder) / n).is_symlink())]):
            path = Path(folder) / name
            if _left_out(name):
                continue
            if path.is_symlink() or not path.is_file():
                raise BadInput(
                    f"{path.relative_to(root)} cannot be part of a module",
                    why="It is a link or a special file.",
                    next="Put the file itself there.",
                )
            found.append(path)
    return sorted(found, key=lambda p: p.relative_to(root).as_posix())


def _left_out(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in LEFT_OUT)


def sign(package: bytes, key: str | os.PathLike[str], password: str = "") -> bytes:
    """Return cosign's bundle over *package*.

    Args:
        package: the archive.
        key: private key file of ``cosign generate-key-pair``.
        password: of the key.

    Raises:
        CosignError: the key is not there or does not open.
    """
    path = Path(key).resolve()
    with tempfile.TemporaryDirectory(prefix="sign-") as name:
        (Path(name) / "package").write_bytes(package)
        Cosign(name).sign_blob("package", key=path, password=password, bundle="bundle")
        return (Path(name) / "bundle").read_bytes()

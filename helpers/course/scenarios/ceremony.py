"""The scenario of the lecture on keys: people who sign a root of trust together, and a client that follows it.

Repository and client are python-tuf's; nothing here reads the network. Each person's key is made anew, and is only in
this process: in a real ceremony it is on a token that its holder carries away.
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import DownloadHTTPError, ExpiredMetadataError, RepositoryError, UnsignedMetadataError
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp
from tuf.ngclient import FetcherInterface, Updater

from helpers.core.errors import BadInput
from helpers.core.paths import workspace_dir

#: How many of the people must sign, and how long a root is believed.
THRESHOLD, YEAR = 2, timedelta(days=365)
_ONLINE = ("timestamp", "snapshot", "targets")


class Ceremony:
    """People with a key each, and the repository whose root they sign.

    Args:
        directory: empty; the repository and the clients' memories are below it.
        people: everybody who has a key, whether the root names them or not.
    """

    def __init__(self, directory: Path, people: Sequence[str]) -> None:
        self.directory, self.served = directory, directory / "repository"
        self.served.mkdir(parents=True)
        self._keys = {name: CryptoSigner.generate_ed25519() for name in (*people, "machine")}
        self._online = self._keys["machine"]

    def __repr__(self) -> str:
        return f"Ceremony({len(list(self.served.glob('*.root.json')))} roots published)"

    def root(self, version: int, holders: Sequence[str], *, expires: datetime | None = None) -> Draft:
        """Return an unsigned root that names *holders*, two of whom must sign."""
        said = Root(version=version, expires=(expires or datetime.now(UTC) + YEAR).replace(microsecond=0))
        for name in holders:
            said.add_key(self._keys[name].public_key, "root")
        said.roles["root"].threshold = THRESHOLD
        for role in _ONLINE:
            said.add_key(self._online.public_key, role)
        return Draft(self, Metadata(said), tuple(holders), ())

    def publish(self, draft: Draft) -> Path:
        """Serve a root, as it is signed: the repository does not judge it. What machines sign is renewed."""
        path = self.served / f"{draft.metadata.signed.version}.root.json"
        draft.metadata.to_file(str(path))
        soon = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
        for role, said in (
            ("timestamp", Timestamp(expires=soon)),
            ("snapshot", Snapshot(expires=soon)),
            ("targets", Targets(expires=soon)),
        ):
            made: Metadata = Metadata(said)  # type: ignore[type-arg]
            made.sign(self._online)
            made.to_file(str(self.served / (f"{role}.json" if role == "timestamp" else f"1.{role}.json")))
        return path

    def withdraw(self, version: int) -> None:
        """Serve a root no longer."""
        (self.served / f"{version}.root.json").unlink()

    def client(self, name: str, first: Path) -> Client:
        """Return a client that was given its first root by another way, for example with its program."""
        memory = self.directory / "clients" / name
        shutil.rmtree(memory, ignore_errors=True)
        memory.mkdir(parents=True)
        return Client(self.served, memory, first.read_bytes())


@dataclass(frozen=True)
class Draft:
    """A root, and who has signed it.

    Attributes:
        holders: whom it names. signed_by: who signed, in this order.
    """

    ceremony: Ceremony
    metadata: Metadata[Root]
    holders: tuple[str, ...]
    signed_by: tuple[str, ...]

    def signed(self, *names: str) -> Draft:
        """Return it with the signatures of more people.

        Raises:
            BadInput: one of them has no key.
        """
        made = copy.deepcopy(self.metadata)
        for name in names:
            if name not in self.ceremony._keys:
                raise BadInput(f"{name} has no key", why="Those who have: " + ", ".join(self.ceremony._keys))
            made.sign(self.ceremony._keys[name], append=True)
        return Draft(self.ceremony, made, self.holders, (*self.signed_by, *names))

    def __repr__(self) -> str:
        by = ", ".join(self.signed_by) or "nobody"
        return f"Root {self.metadata.signed.version} (holders {', '.join(self.holders)}; signed by {by})"


class Client:
    """One who follows the roots, from the first that it was given.

    Args:
        served: the repository. memory: what it keeps. first: the root that it trusts from the beginning.
    """

    def __init__(self, served: Path, memory: Path, first: bytes) -> None:
        self._served, self._memory, self._first = served, memory, first

    @property
    def trusts(self) -> int:
        """The version of the root that it believes now; 0 before its first visit."""
        kept = self._memory / "root.json"
        return Metadata[Root].from_file(str(kept)).signed.version if kept.exists() else 0

    def visit(self) -> str:
        """Look for newer roots, and return what it says: the version it trusts, or why it refuses."""
        try:
            updater = Updater(
                str(self._memory), "https://repository.invalid/", fetcher=_Files(self._served), bootstrap=self._first
            )
            updater.refresh()
        except UnsignedMetadataError as error:
            return f"refused: {error}"
        except ExpiredMetadataError as error:
            return f"refused, too old: {error}"
        except RepositoryError as error:
            return f"refused: {error}"
        return f"trusts root {self.trusts}"


class _Files(FetcherInterface):
    """Answers a client from a directory."""

    def __init__(self, served: Path) -> None:
        self._served = served

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = self._served / Path(urlsplit(url).path).name
        if not path.is_file():
            raise DownloadHTTPError(f"there is no {path.name}", HTTPStatus.NOT_FOUND)
        yield path.read_bytes()


def set_up(people: Sequence[str] = ("ada", "bela", "cleo", "dan")) -> Ceremony:
    """Return a ceremony in a fresh directory of the lecture."""
    directory = workspace_dir() / "lectures" / "unit4" / "ceremony"
    shutil.rmtree(directory, ignore_errors=True)
    return Ceremony(directory, people)

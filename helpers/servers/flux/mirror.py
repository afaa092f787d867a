"""The source's own copy of a branch, and the archive that is made of it."""

from __future__ import annotations

import base64
import gzip
import io
import tarfile
from pathlib import Path

from helpers.clients.flux.source_declaration import Declaration
from helpers.core.errors import CourseError
from helpers.core.redact import add_secrets
from helpers.wrappers.git import UnknownRevision
from helpers.wrappers.git.run import GitRunner, revision

#: As Flux's own limit for what it unpacks, bytes.
MAX_CONTENT = 100 * 1024 * 1024
_REF = "refs/heads/taken"
#: Whatever the repository's own attributes say, every file is taken as it was committed.
_ATTRIBUTES = "* -export-ignore -export-subst\n"


class TooLarge(CourseError):
    """The content of a source is larger than what Flux unpacks."""

    code = "flux-source-too-large"


class PathMissing(CourseError):
    """The branch has no such directory."""

    code = "flux-path-missing"


class Mirror(GitRunner):
    """A bare repository that holds the last commit of one branch; lives in its *workdir*."""

    def _fixed_env(self) -> dict[str, str]:
        return {**super()._fixed_env(), "GIT_ALLOW_PROTOCOL": "file:http:https", "GIT_DIR": str(self.workdir)}

    def fetch(self, declared: Declaration, account: tuple[str, str] | None = None) -> str:
        """Fetch the branch and return its commit.

        Args:
            account: user and password; sent to the repository's own host only, and seen in no list of processes.

        Raises:
            GitError: its subclasses say why the repository or the branch cannot be had.
        """
        if not (self.workdir / "HEAD").exists():
            self.run(["init", "--quiet", "--bare", str(self.workdir)])
        (self.workdir / "info").mkdir(exist_ok=True)
        (self.workdir / "info" / "attributes").write_text(_ATTRIBUTES)
        branch = revision(declared.branch)
        self.run(
            [
                "fetch",
                "--quiet",
                "--no-tags",
                "--no-write-fetch-head",
                "--depth=1",
                "--update-shallow",
                "--",
                declared.url,
                f"+refs/heads/{branch}:{_REF}",
            ],
            env=_config(declared, account),
        )
        return self.run(["rev-parse", "--verify", _REF]).stdout.strip()

    def pack(self, commit: str, path: str = "") -> bytes:
        """Return a commit's files as a tar.gz that is the same each time.

        Only files are taken along: like source-controller it leaves out symbolic links and submodules.

        Raises:
            PathMissing: the commit has no directory *path*. TooLarge: it is more than Flux would unpack.
        """
        plain = self.workdir / "taken.tar"
        try:
            self.run(["archive", "--format=tar", f"--output={plain}", commit, "--", *([path] if path else [])])
            return _repacked(plain)
        except UnknownRevision as error:
            raise PathMissing(f"The branch has no directory {path}", why=error.why) from None
        finally:
            plain.unlink(missing_ok=True)


def _config(declared: Declaration, account: tuple[str, str] | None) -> dict[str, str]:
    """Return configuration of git by variables, which only processes of the same user can read."""
    # The limits end a fetch that hangs also when nobody is left to end it.
    options = {"http.followRedirects": "false", "http.lowSpeedLimit": "1", "http.lowSpeedTime": "30"}
    options |= {"http.proxy": ""} if "://127.0.0.1" in declared.url else {}
    if account is not None and declared.url.startswith("http"):
        word = base64.b64encode(":".join(account).encode()).decode()
        add_secrets(word, account[1])
        options[f"http.{declared.origin}.extraHeader"] = f"Authorization: Basic {word}"
    env = {"GIT_CONFIG_COUNT": str(len(options))}
    for number, (key, value) in enumerate(options.items()):
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return env


def _repacked(plain: Path) -> bytes:
    """Return a tar of git again, without what differs between two commits of the same files: times, the commit id."""
    packed = io.BytesIO()
    with (
        tarfile.open(plain) as given,
        gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as taken,
    ):
        files = sorted((one for one in given if one.isfile()), key=lambda one: one.name)
        if sum(one.size for one in files) > MAX_CONTENT:
            raise TooLarge("The source is too large", why=f"Flux unpacks at most {MAX_CONTENT // 1024**2} MiB.")
        for one in files:
            entry = tarfile.TarInfo(one.name)
            entry.size, entry.mode = one.size, 0o755 if one.mode & 0o100 else 0o644
            taken.addfile(entry, given.extractfile(one))
    return packed.getvalue()

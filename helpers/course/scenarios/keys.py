"""The scenario of the lecture on keys: a key that stays in the vault, short certificates, and a login that is rotated.

Vault, cosign and Redis are the real programs. What the lecture makes in the vault lies in mounts of its own.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.x509 import verification

from helpers.clients.vault import Lease, Secret, Vault, VaultError
from helpers.core.paths import workspace_dir
from helpers.course import teaching
from helpers.course.scenarios.secrets import MOUNT as CACHE
from helpers.course.scenarios.secrets import Cache, CacheRefused, SecretsScenario, stop_cache
from helpers.course.scenarios.waits import poll_until
from helpers.runtime import services
from helpers.wrappers.cosign import Cosign, KmsKey

#: The mounts of this lecture, and the key in the transit engine.
TRANSIT, PKI, KEY = "lecture-transit", "lecture-pki", "release"
#: Who may sign with the key, and who may only fetch its public half.
SIGNER, READER = "lecture-release", "lecture-reader"
#: The identity of the workload, as SPIFFE writes it, and that of another team's.
INFERENCE, VOICE = "spiffe://acme.test/vision/inference", "spiffe://acme.test/speech/voice"
#: How long a certificate may live, and how many requests a consumer makes before and after a rotation.
LONGEST, AROUND = timedelta(minutes=5), 100
#: What differs from run to run in messages: port, token, digest.
RUN_SPECIFIC = (r"(?<=127\.0\.0\.1:)\d+", r"[A-Za-z0-9+/]{12}(?=\.\.\.)")
_MAY_READ = f'path "{TRANSIT}/keys/{KEY}" {{ capabilities = ["read"] }}\n'
_MAY_SIGN = "".join(f'path "{TRANSIT}/sign/{KEY}{rest}" {{ capabilities = ["update"] }}\n' for rest in ("", "/*"))


class KeysScenario:
    """What the lecture works with; `set_up` makes it.

    Attributes:
        directory: its files. vault: as the platform team. cosign: works in *directory*. cache: a server with users.
        started_at: when the lecture began (UTC): earlier entries of the vault's log have another origin.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory, self.vault, self.cosign = directory, Vault(), Cosign(directory)
        self._leases: dict[str, str] = {}
        self.cache, self.started_at = Cache(directory / "cache"), datetime.now(UTC)

    def __repr__(self) -> str:
        return f"KeysScenario({self.directory.name})"

    def key(self, policy: str) -> tuple[KmsKey, str]:
        """Return the vault's key for somebody with a policy, and what the token is taken back by."""
        held = self.vault.token([policy], ttl="30m", name=policy)
        if held.token is None:
            raise VaultError("The vault gave no token", next="course services logs vault")
        return KmsKey(KEY, self.vault.url, held.token.reveal(), self.vault.ca, TRANSIT), held.accessor

    def rotate_key(self) -> None:
        """Have the vault make a new version of the key; from now on it signs with that one."""
        self.vault.write(f"{TRANSIT}/keys/{KEY}/rotate")

    def private_halves(self) -> list[str]:
        """Return the files of the lecture that hold a private key."""
        files = (path for path in self.directory.rglob("*") if path.is_file())
        return sorted(path.name for path in files if b"PRIVATE KEY" in path.read_bytes())

    def signings(self) -> list[tuple[str, str, bool]]:
        """Return who asked for signatures since the lecture began: account, path, whether it was allowed."""
        found = self.vault.audit(None, path=f"{TRANSIT}/sign/")
        return [(one.actor, one.path, bool(one.allowed)) for one in found if one.at > self.started_at]

    def issue(self, identity: str = INFERENCE, ttl: str = "2m") -> Svid:
        """Have the vault's authority issue a certificate to the workload of vision.

        Raises:
            VaultError: the role does not allow that identity.
        """
        made = self.vault.write(f"{PKI}/issue/inference", {"uri_sans": identity, "ttl": ttl})
        if not isinstance(made, Secret):
            raise VaultError("The vault issued no certificate", next="course services logs vault")
        return Svid(made.reveal("certificate"), made.reveal("issuing_ca"))

    def reader(self) -> Secret:
        """Return a login of the cache that the vault has just made."""
        made = self.vault.read(f"{CACHE}/creds/reader")
        if not isinstance(made, Lease) or made.secret is None:
            raise VaultError("The vault made no login", next="course services logs vault")
        self._leases[made.secret.reveal("username")] = made.id
        return made.secret

    def revoke(self, login: Secret) -> None:
        """End a login at once."""
        self.vault.revoke(self._leases[login.reveal("username")])

    @contextmanager
    def consumer(self) -> Iterator[Consumer]:
        """Yield a consumer that asks the cache without a pause, with a login of its own."""
        running = Consumer(self.cache, self.reader())
        running.start()
        try:
            running.goes_on()
            yield running
        finally:
            running.stop()

    def clear(self) -> None:
        """Remove what the lecture created."""
        for mount in (TRANSIT, PKI, CACHE):
            if mount in self.vault.mounts():
                if mount == CACHE:
                    self.vault.revoke_all(CACHE)
                self.vault.client.sys.disable_secrets_engine(mount)
        for name in (SIGNER, READER):
            self.vault.delete_policy(name)
        stop_cache(self.directory / "cache")
        shutil.rmtree(self.directory, ignore_errors=True)


def set_up() -> KeysScenario:
    """Start the vault and a cache, and create the lecture's scenario; an earlier one is removed."""
    services.ensure("vault")
    scenario = KeysScenario(workspace_dir() / "lectures" / "unit4" / "keys")
    scenario.clear()
    scenario.directory.mkdir(parents=True)
    vault = scenario.vault
    vault.enable("transit", TRANSIT)
    vault.write(f"{TRANSIT}/keys/{KEY}", {"type": "ecdsa-p256"})
    vault.write_policy(SIGNER, _MAY_READ + _MAY_SIGN)
    vault.write_policy(READER, _MAY_READ)
    vault.enable("pki", PKI)
    vault.write(f"{PKI}/root/generate/internal", {"common_name": "acme workloads", "ttl": "1h", "key_type": "ec"})
    allowed = {"allowed_uri_sans": INFERENCE, "require_cn": False, "key_type": "ec", "server_flag": False}
    vault.write(f"{PKI}/roles/inference", {**allowed, "max_ttl": f"{LONGEST.seconds}s"})
    scenario.cache.start()
    borrowed = SecretsScenario(scenario.directory)
    borrowed.cache = scenario.cache
    borrowed.connect(vault)
    return scenario


@dataclass(frozen=True)
class Svid:
    """A certificate of a workload, and the authority that issued it; its key is not kept here.

    Attributes:
        pem, ca: both as PEM.
    """

    pem: str
    ca: str

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate, parsed."""
        return x509.load_pem_x509_certificate(self.pem.encode())

    @property
    def lives(self) -> timedelta:
        """From its issue to its end; the vault dates its beginning back by half a minute, for clocks that differ."""
        found = self.certificate
        return found.not_valid_after_utc - found.not_valid_before_utc - timedelta(seconds=30)

    def judged(self, after: timedelta = timedelta()) -> str:
        """Return the identity that a server finds in it, or why it does not let its bearer in.

        Args:
            after: how long after now it looks.
        """
        trusted = verification.Store([x509.load_pem_x509_certificate(self.ca.encode())])
        builder = verification.PolicyBuilder().store(trusted).time(datetime.now(UTC) + after)
        try:
            found = builder.build_client_verifier().verify(self.certificate, [])
        except verification.VerificationError as error:
            return "refused: not valid at this time" if "time" in str(error) else f"refused: {error}"
        names = found.subjects or []
        return next((str(one.value) for one in names if isinstance(one, x509.UniformResourceIdentifier)), "nobody")

    def __repr__(self) -> str:
        return f"Svid({self.judged()}, {self.lives.seconds} s)"


class Consumer(threading.Thread):
    """Asks the cache without a pause, each time with the login that it has then.

    Attributes:
        answered, failed: how many requests were.
    """

    def __init__(self, cache: Cache, login: Secret) -> None:
        super().__init__(daemon=True)
        self.answered = self.failed = 0
        self._cache, self.login, self._end = cache, login, threading.Event()
        self._used: Secret | None = None

    def run(self) -> None:
        """Ask until `stop`."""
        while not self._end.is_set():
            login = self.login
            if self._asks(login):
                self.answered, self._used = self.answered + 1, login
            else:
                self.failed += 1

    def _asks(self, login: Secret) -> bool:
        """Make one request; a connection that breaks off, as its user is gone, is a failed one."""
        try:
            return self._cache.get(login, "model:current") == "resnet-50"
        except (CacheRefused, OSError):
            return False

    def goes_on(self, requests: int = AROUND) -> None:
        """Wait until it made so many more requests."""
        wanted = self.answered + self.failed + requests
        poll_until(lambda: self.answered + self.failed >= wanted, "the consumer asks on")

    def take(self, login: Secret) -> None:
        """Hand it a login, and wait until a request with it was answered."""
        self.login = login
        poll_until(lambda: self._used is login, "the consumer uses its new login")

    def stop(self) -> None:
        """End it."""
        self._end.set()
        self.join(60)


def rotation(scenario: KeysScenario, order: Sequence[str]) -> tuple[str, int, str, int]:
    """Rotate a consumer's login in an order of steps, while it asks.

    Args:
        order: ``make``, ``hand over`` and ``revoke`` (of the old one), as they are done. Before each, the consumer
            makes some requests: a step takes time until it has reached everybody.

    Returns:
        The order, how many requests were made at least, whether some failed, and how many logins are left.
    """
    before = scenario.cache.users()
    with scenario.consumer() as consumer:
        old = new = consumer.login
        for step in order:
            consumer.goes_on()
            if step == "make":
                new = scenario.reader()
            elif step == "revoke":
                scenario.revoke(old)
            else:
                consumer.take(new)
        consumer.goes_on()
        left, failed = scenario.cache.users() - before, consumer.failed
    scenario.revoke(new)
    return ", ".join(order), AROUND * (len(order) + 2), "none" if failed == 0 else "some", left


def shown(rows: Sequence[tuple[str, int, str, int]]) -> teaching.Shown:
    """Show rotations side by side."""
    return teaching.table(["Order", "# requests at least", "Failed", "# logins left"], rows)

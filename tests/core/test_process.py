"""The process runner: streams, limits, cancelling, environment."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from helpers.core import process as _process
from helpers.core.process import Cancelled, CannotStart, OutputLimit, Running, TimedOut, call_async, run, run_async
from tests.waits import until


def python(code: str) -> list[str]:
    return [sys.executable, "-u", "-c", code]


#: Counts its interrupts, ends in order on the first one.
ORDERLY = python(
    "import signal, time, sys\n"
    "hits = []\n"
    "signal.signal(signal.SIGINT, lambda *a: hits.append(1))\n"
    "print('ready')\n"
    "while not hits: time.sleep(0.01)\n"
    "time.sleep(0.5)\n"
    "print('interrupts', len(hits))\n"
)
STUBBORN = python("import signal, time\nsignal.signal(2, signal.SIG_IGN)\nprint('ready')\nwhile True: time.sleep(1)")


def wait_ready(process: Running) -> None:
    assert next(iter(process)).text == "ready"


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_gone(pid: int) -> bool:
    return until(lambda: gone(pid), f"process {pid} lives on")


class TestRun:
    def test_a_result_has_code_and_both_streams(self) -> None:
        done = run(python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"))
        assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")

    def test_lines_come_while_it_runs_and_in_order(self, tmp_path: Path) -> None:
        gate = tmp_path / "gate"
        code = (
            "import os, time\nprint('one')\nprint('two')\n"
            f"while not os.path.exists({str(gate)!r}): time.sleep(0.01)\nprint('three')"
        )
        seen = []
        with Running(python(code), timeout=30) as process:
            for line in process:
                seen.append(line.text)
                if line.text == "two":
                    # The third line is only written after the second one was seen here.
                    gate.touch()
        assert seen == ["one", "two", "three"]

    def test_on_line_gets_every_line(self) -> None:
        seen: list[str] = []
        run(python("for i in range(500): print(i)"), on_line=lambda line: seen.append(line.text))
        assert seen == [str(i) for i in range(500)]

    def test_input_reaches_it_and_without_input_it_reads_an_end(self) -> None:
        echo = python("import sys; sys.stdout.write(sys.stdin.read().upper())")
        assert run(echo, input="läßt\n" * 50_000).stdout.count("LÄSST") == 50_000
        assert run(echo).stdout == ""

    def test_a_child_that_ignores_its_input_is_no_fault(self) -> None:
        assert run(python("pass"), input="x" * 1_000_000).returncode == 0

    def test_bytes_that_are_no_text_do_not_break_it(self) -> None:
        assert "�" in run(python("import os; os.write(1, b'a\\xff\\n')")).stdout

    def test_an_argument_is_never_read_by_a_shell(self) -> None:
        assert (
            run([*python("import sys; print(sys.argv[1])"), "$(id); `id` && $HOME"]).stdout == "$(id); `id` && $HOME\n"
        )

    def test_a_failing_callback_ends_the_process(self) -> None:
        pids: list[int] = []

        def fail(line: _process.Line) -> None:
            pids.append(int(line.text))
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            run(python("import os, time; print(os.getpid()); time.sleep(60)"), on_line=fail)
        assert wait_gone(pids[0])


class TestCannotStart:
    def test_missing_executable(self, tmp_path: Path) -> None:
        with pytest.raises(CannotStart, match="No such file") as caught:
            run([tmp_path / "nothing"])
        assert "course doctor" in caught.value.next

    def test_missing_folder(self, tmp_path: Path) -> None:
        with pytest.raises(CannotStart, match="directory does not exist"):
            run(["true"], cwd=tmp_path / "nothing")

    def test_not_executable(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        with pytest.raises(CannotStart, match="Permission denied"):
            run([tmp_path / "file"])

    def test_an_impossible_argument(self) -> None:
        with pytest.raises(CannotStart, match="null byte"):
            run(["true", "a\0b"])


class TestLimits:
    def test_time_limit_keeps_the_output_so_far(self) -> None:
        # A shell begins at once, also where Python would need more than the limit to start.
        with pytest.raises(TimedOut, match="longer than 2 s") as caught:
            run(["sh", "-c", "echo begun; exec sleep 60"], timeout=2)
        assert caught.value.completed is not None
        assert caught.value.completed.stdout == "begun\n"

    def test_time_limit_holds_while_iterating(self) -> None:
        with pytest.raises(TimedOut), Running(python("import time; time.sleep(60)"), timeout=0.3) as process:
            for _ in process:
                pass

    def test_time_limit_holds_when_it_prints_all_the_time(self) -> None:
        with pytest.raises(TimedOut):
            run(python("import time\nwhile True: print('x'); time.sleep(0.001)"), timeout=0.5)

    @pytest.mark.parametrize("line", ["print('x' * 99)", "sys.stdout.write('x' * 100)"])
    def test_output_limit_stops_it_also_within_one_endless_line(self, line: str) -> None:
        with pytest.raises(OutputLimit, match="100,000 characters") as caught:
            run(python(f"import sys\nwhile True: {line}"), max_output=100_000, timeout=60)
        assert caught.value.completed is not None
        assert len(caught.value.completed.stdout) <= 100_000

    def test_output_just_within_the_limit_passes(self) -> None:
        assert len(run(python("print('x' * 99)"), max_output=100).stdout) == 100


class TestCancel:
    def test_interrupt_first_and_only_once(self) -> None:
        process = Running(ORDERLY, timeout=60)
        wait_ready(process)
        threads = [threading.Thread(target=process.cancel) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        process.cancel()
        with pytest.raises(Cancelled) as caught:
            process.wait()
        assert caught.value.completed is not None
        assert caught.value.completed.returncode == 0
        assert "interrupts 1\n" in caught.value.completed.stdout

    def test_one_that_ignores_the_interrupt_is_killed_with_its_group(self) -> None:
        code = (
            "import signal, subprocess, time\nsignal.signal(2, signal.SIG_IGN)\n"
            "print(subprocess.Popen(['sleep', '60']).pid)\ntime.sleep(60)"
        )
        process = Running(python(code), grace=0.3)
        child = int(next(iter(process)).text)
        process.cancel()
        with pytest.raises(Cancelled):
            process.wait()
        assert wait_gone(child)
        assert process.returncode == -signal.SIGKILL

    def test_cancel_after_the_end_changes_nothing(self) -> None:
        process = Running(["true"])
        assert process.wait().returncode == 0
        process.cancel()
        assert process.wait().returncode == 0

    def test_leaving_the_block_early_cancels(self) -> None:
        with Running(ORDERLY) as process:
            wait_ready(process)
        assert process.returncode is not None

    def test_keyboard_interrupt_ends_it_in_order(self, tmp_path: Path) -> None:
        # In a process of its own: the interrupt must reach a main thread that waits.
        code = (
            "from helpers.core.process import run\nimport sys\n"
            f"print('ready')\ntry: run({ORDERLY!r}, on_line=lambda line: print(line.text))\n"
            "except KeyboardInterrupt: print('interrupted')"
        )
        with Running(python(code), timeout=60) as process:
            lines = []
            for line in process:
                lines.append(line.text)
                if lines == ["ready", "ready"]:
                    os.kill(process.pid, signal.SIGINT)
                    time.sleep(0.1)
                    os.kill(process.pid, signal.SIGINT)
        assert lines[-1] == "interrupted"
        assert process.wait().returncode == 0


class TestGrandchildren:
    def test_one_that_holds_the_pipes_does_not_hold_us(self) -> None:
        done = run(["sh", "-c", "sleep 120 & echo done $!"], timeout=60)
        assert done.stdout.startswith("done")
        assert wait_gone(int(done.stdout.split()[1]))

    @pytest.mark.parametrize("iterate", [True, False])
    def test_one_that_left_the_group_is_not_waited_for(self, iterate: bool) -> None:
        code = "import subprocess\nprint(subprocess.Popen(['sleep', '120'], start_new_session=True).pid)"
        seen: list[str] = []
        done = run(python(code), timeout=60, on_line=(lambda line: seen.append(line.text)) if iterate else None)
        pid = int(done.stdout)
        os.kill(pid, signal.SIGKILL)
        assert seen == ([str(pid)] if iterate else [])


class TestEnvironment:
    def test_only_what_is_allowed_gets_through(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "from-outside")
        monkeypatch.setenv("TF_CLI_ARGS", "-destroy")
        monkeypatch.setenv("LC_ALL", "C.UTF-8")
        done = run(python("import os; print(sorted(os.environ))"))
        assert "LC_ALL" in done.stdout and "PATH" in done.stdout
        assert "AWS_" not in done.stdout and "TF_CLI_ARGS" not in done.stdout

    def test_extra_wins_and_patterns_open_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GOFLAGS", "-x")
        env = _process.environment({"HOME": "/elsewhere"}, allow=("GO*",))
        assert env["HOME"] == "/elsewhere" and env["GOFLAGS"] == "-x"


class TestSecrets:
    SECRET = 'hunter2"<b>\nsecond-line & third'

    @pytest.fixture
    def printer(self) -> list[str]:
        code = (
            "import json, os, base64, sys, urllib.parse\ns = os.environ['S']\n"
            "for t in (s, json.dumps(s), urllib.parse.quote(s, safe=''), base64.b64encode(s.encode()).decode(),\n"
            "          base64.b64encode(b'user:' + s.encode()).decode(), s.splitlines()[1]):\n"
            "    print(t); print(t, file=sys.stderr)\nsys.exit(1)"
        )
        return python(code)

    def leaks(self, text: str) -> list[str]:
        import base64

        parts = ["hunter2", "second-line", "third", base64.b64encode(self.SECRET.encode()).decode()[:20]]
        parts.append(base64.b64encode(b"user:" + self.SECRET.encode()).decode()[12:30])
        return [part for part in parts if part in text]

    def test_masked_in_output_argv_and_repr(self, printer: list[str]) -> None:
        env = _process.environment({"S": self.SECRET})
        done = run([*printer, self.SECRET], env=env, secrets=[self.SECRET])
        assert "[redacted]" in done.stdout
        assert not self.leaks(done.stdout + done.stderr + repr(done) + repr(done.argv))

    def test_masked_in_errors_and_logs(self, printer: list[str], caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        slow = [printer[0], printer[1], printer[2], printer[3].replace("sys.exit(1)", "import time; time.sleep(60)")]
        env = _process.environment({"S": self.SECRET})
        with pytest.raises(TimedOut) as caught:
            run([*slow, self.SECRET], env=env, secrets=[self.SECRET], timeout=1)
        assert not self.leaks(str(caught.value) + repr(caught.value.completed) + caplog.text)
        with pytest.raises(CannotStart) as missing:
            run([f"/nothing/{self.SECRET}"], secrets=[self.SECRET])
        assert not self.leaks(str(missing.value))

    def test_raw_stdout_is_for_the_caller_only(self) -> None:
        echo = python("import sys; print('hunter2', flush=True); print('hunter2', file=sys.stderr)")
        done = run(echo, secrets=["hunter2"], raw_stdout=True)
        assert done.stdout == "hunter2\n" and "hunter2" not in done.stderr
        slow = python("import time; print('hunter2'); time.sleep(60)")
        with pytest.raises(TimedOut) as caught:
            run(slow, secrets=["hunter2"], raw_stdout=True, timeout=1)
        assert "hunter2" not in str(caught.value)


class TestAsync:
    def test_cancelling_the_task_ends_the_process_in_order(self) -> None:
        started: list[Running] = []

        def work() -> None:
            process = Running(ORDERLY)
            started.append(process)
            process.wait()

        async def main() -> None:
            task = asyncio.create_task(call_async(work))
            while not started or not started[0]._kept["stdout"]:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(main())
        assert started[0].returncode == 0
        assert "interrupts 1\n" in "".join(started[0]._kept["stdout"])

    def test_work_that_is_cancelled_starts_nothing_more(self) -> None:
        second: list[bool] = []

        def work() -> None:
            try:
                run(["sleep", "60"])
            except Cancelled:
                run(["sleep", "60"])
            second.append(True)

        async def main() -> None:
            task = asyncio.create_task(call_async(work))
            await asyncio.sleep(0.3)
            task.cancel()
            await task

        with pytest.raises(asyncio.CancelledError):
            asyncio.run(main())
        assert second == []

    def test_many_run_at_once_and_errors_come_through(self) -> None:
        async def main() -> list[object]:
            good = [run_async(python(f"print({i})")) for i in range(4)]
            return await asyncio.gather(*good, run_async(["/nothing"]), return_exceptions=True)

        *good, bad = asyncio.run(main())
        assert [done.stdout for done in good if isinstance(done, _process.Completed)] == ["0\n", "1\n", "2\n", "3\n"]
        assert isinstance(bad, CannotStart)


class TestSpawn:
    def test_a_service_logs_privately_and_leads_its_group(self, tmp_path: Path) -> None:
        log = tmp_path / "service.log"
        pid = _process.spawn(["sh", "-c", "echo hello; exec sleep 60"], log_path=log)
        try:
            assert os.getpgid(pid) == pid
            until(lambda: "hello" in log.read_text())
            assert log.stat().st_mode & 0o777 == 0o600
        finally:
            os.killpg(pid, signal.SIGKILL)
        assert wait_gone(pid)

    def test_a_missing_executable_is_typed(self, tmp_path: Path) -> None:
        with pytest.raises(CannotStart):
            _process.spawn(["/nothing"], log_path=tmp_path / "log")

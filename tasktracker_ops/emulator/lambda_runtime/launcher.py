"""Start workers: deployed code, unpacked, with Lambda's environment variables only."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess  # nosec B404 # workers
import sys
import tempfile
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tasktracker_ops.local.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY

from .functions import FunctionVersion

_WORKER = Path(__file__).with_name("worker.py")
_KEPT = 20  # unpacked packages beside those that run
# What every worker has, whatever it runs.
_INTERPRETER = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "en_US.UTF-8",
    "PYTHONUTF8": "1",
    "TZ": ":UTC",
}


class Launcher:
    """Unpacks code under `directory` and starts workers that find AWS at `endpoint`."""

    def __init__(self, directory: Path, endpoint: str) -> None:
        # A killed emulator leaves its folder behind.
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        self._directory = directory
        self._endpoint = endpoint
        self._unpacking = threading.Lock()
        self._recent: list[Path] = []
        # A worker is killed when the thread that forked it ends, so one thread forks them all.
        self._forks = ThreadPoolExecutor(max_workers=1, thread_name_prefix="fork")
        self._workers: dict[subprocess.Popen[bytes], Path] = {}
        # A worker that waits for a function, and the socket to send it by.
        self._prepared: tuple[subprocess.Popen[bytes], socket.socket] | None = None

    def prepare(self) -> None:
        """Start a worker for the next launch, which then has the AWS SDK imported."""
        self._forks.submit(self._prepare)

    def launch(
        self, function: FunctionVersion, log_stream: str, address: str, output: int
    ) -> subprocess.Popen[bytes]:
        """Start a worker that talks to the Runtime API at `address` and writes to `output`.

        Raises zipfile.BadZipFile when the deployed code is no zip file.
        """
        code = self._unpack(function)
        environment = self._environment(function, log_stream, address, code)
        return self._forks.submit(self._start, function.handler, code, environment, output).result()

    def close(self) -> None:
        """Kill every worker that still runs, with all it started; remove the unpacked code."""
        self._forks.shutdown(wait=True)
        if self._prepared is not None:
            worker, orders = self._prepared
            orders.close()
            self._workers[worker] = self._directory
        for worker in self._workers:
            if worker.poll() is None:
                # Its own invocation may reap it in between.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(worker.pid, signal.SIGKILL)
        shutil.rmtree(self._directory, ignore_errors=True)

    def _prepare(self) -> None:
        if self._prepared is None:
            ours, theirs = socket.socketpair()
            with theirs:
                worker = self._fork([], self._directory, _INTERPRETER, stdin=theirs.fileno())
            self._prepared = worker, ours

    def _start(
        self, handler: str, code: Path, environment: dict[str, str], output: int
    ) -> subprocess.Popen[bytes]:
        worker = self._hand_over(handler, code, environment, output)
        if worker is None:
            environment["_LAMBDA_TELEMETRY_LOG_FD"] = str(output)
            worker = self._fork([handler], code, environment, output=output)
        alive = {each: its for each, its in self._workers.items() if each.poll() is None}
        self._workers = {**alive, worker: code}
        return worker

    def _hand_over(
        self, handler: str, code: Path, environment: dict[str, str], output: int
    ) -> subprocess.Popen[bytes] | None:
        """Let the worker that waits run a function; return it, or None where there is none."""
        if self._prepared is None:
            return None
        (worker, orders), self._prepared = self._prepared, None
        order = {"handler": handler, "code": str(code), "environment": environment}
        # It may have been killed, such as for its memory.
        with orders, contextlib.suppress(OSError):
            content = json.dumps(order).encode()
            sent = socket.send_fds(orders, [content], [output])
            orders.sendall(content[sent:])
            return worker
        worker.wait()
        return None

    def _fork(
        self,
        arguments: list[str],
        folder: Path,
        environment: dict[str, str],
        *,
        stdin: int = subprocess.DEVNULL,
        output: int | None = None,
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # nosec B603 # no shell; runs the user's own function
            [sys.executable, str(_WORKER), str(os.getpid()), *arguments],
            cwd=folder,
            env=environment,
            stdin=stdin,
            stdout=subprocess.DEVNULL if output is None else output,
            stderr=subprocess.DEVNULL if output is None else output,
            pass_fds=[] if output is None else [output],
            start_new_session=True,
        )

    def _unpack(self, function: FunctionVersion) -> Path:
        folder = self._directory / function.code_sha256.replace("/", "_").rstrip("=")
        with self._unpacking:
            self._recent = [each for each in self._recent if each != folder] + [folder]
            if not folder.exists():
                self._remove_oldest()
                with zipfile.ZipFile(io.BytesIO(function.code)) as archive:
                    partial = Path(tempfile.mkdtemp(dir=self._directory, prefix="."))
                    try:
                        archive.extractall(partial)
                        partial.rename(folder)
                    finally:
                        shutil.rmtree(partial, ignore_errors=True)
        return folder

    def _remove_oldest(self) -> None:
        """Remove unpacked code that no worker runs; each release brings its own."""
        in_use = {code for worker, code in self._workers.items() if worker.poll() is None}
        for folder in self._recent[:-_KEPT]:
            if folder not in in_use:
                self._recent.remove(folder)
                shutil.rmtree(folder, ignore_errors=True)

    def _environment(
        self, function: FunctionVersion, log_stream: str, address: str, code: Path
    ) -> dict[str, str]:
        """Return the variables Lambda documents, the function's own among them.

        Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
        """
        return {
            **_INTERPRETER,
            # The user's own ~/.aws must stay out of reach of the emulation.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self._endpoint,
            **dict(function.variables),
            "_HANDLER": function.handler,
            "AWS_REGION": function.region,
            "AWS_DEFAULT_REGION": function.region,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": function.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
            "AWS_LAMBDA_RUNTIME_API": address,
            "LAMBDA_TASK_ROOT": str(code),
        }

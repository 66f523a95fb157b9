"""A Darkroom of its own for each test, in a temporary folder."""

import os
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.request

PROGRAM = os.environ["DARKROOM"]
ROOT = pathlib.Path(__file__).parents[2]


class Darkroom:
    """A data folder, and the program on it."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory()
        self.data_dir = pathlib.Path(self._folder.name)
        self._server = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._server:
            self._server.terminate()
            self._server.wait(20)
        self._folder.cleanup()

    def run(self, *words):
        """Runs a command to its end."""
        command = [PROGRAM, *words, "--data-dir", str(self.data_dir)]
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)

    def serve(self):
        """Serves the page and its API; returns the port."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        words = ["serve", "--port", str(port), "--data-dir", str(self.data_dir)]
        self._server = subprocess.Popen([PROGRAM, *words], cwd=ROOT, stdout=subprocess.DEVNULL)
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz").close()
                return port
            except OSError:
                time.sleep(0.1)
        raise TimeoutError("Darkroom does not answer")

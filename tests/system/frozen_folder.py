# SPDX-License-Identifier: Apache-2.0
"""A file system of its own that can be frozen: who changes something there sleeps in the kernel until it thaws."""

import os
import subprocess
import tempfile

IMAGE_BYTES = 8 << 20


class Unavailable(Exception):
    """Why there is none here."""


def run(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


class FrozenFolder:
    """with FrozenFolder() as folder: folder.path is a folder that everybody may write to."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="minotor-frozen-", dir="/tmp")
        os.chmod(self.directory, 0o755)
        self.path = os.path.join(self.directory, "mounted")
        self.is_mounted = self.is_frozen = False

    def __enter__(self):
        try:
            if os.geteuid() != 0:
                raise Unavailable("only root may mount a file system")
            image = os.path.join(self.directory, "image")
            os.mkdir(self.path)
            with open(image, "wb") as file:
                file.truncate(IMAGE_BYTES)
            run("mkfs.ext4", "-q", "-F", image)
            run("mount", "-o", "loop", image, self.path)
            self.is_mounted = True
            os.chmod(self.path, 0o777)
            return self
        except (Unavailable, OSError) as error:
            self.__exit__()
            raise Unavailable(str(error)) from error

    def freeze(self):
        run("fsfreeze", "--freeze", self.path)
        self.is_frozen = True

    def thaw(self):
        if self.is_frozen:
            run("fsfreeze", "--unfreeze", self.path)
        self.is_frozen = False

    def __exit__(self, *_):
        self.thaw()
        if self.is_mounted:
            run("umount", "-l", self.path)  # whoever was left in there may be on his way out
        subprocess.run(["rm", "-rf", "--one-file-system", self.directory], check=False)

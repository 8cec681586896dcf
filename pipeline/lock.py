"""One program at a time: a lock on what a program writes, which ends with it, however it ends."""

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import StepError

if sys.platform != "win32":
    import fcntl


@contextlib.contextmanager
def locked(path: Path | str) -> Iterator[None]:
    """Inside the block, no other program is inside such a block for the same `path`.

    The lock is on a file beside it, `path` + ".lock", which says who holds it. The system ends the lock of a program
    that has died: a lock file that is left over is taken over. Where the system or the disk has no such locks, the
    block runs without one. Raises StepError, with the process that holds the lock.
    """
    lock_path = Path(f"{path}.lock")
    is_new_folder = not lock_path.parent.exists()
    lock_path.parent.mkdir(parents=True, exist_ok=True)
    lock = _open_locked(lock_path, str(path))
    try:
        os.truncate(lock, 0)
        os.pwrite(lock, f"process {os.getpid()}, since {time.strftime('%Y-%m-%d %H:%M')}".encode(), 0)
        yield
    finally:
        lock_path.unlink(missing_ok=True)  # before the lock ends, so that it is nobody else's
        os.close(lock)
        if is_new_folder:
            with contextlib.suppress(OSError):  # it is not empty: the block has written into it
                lock_path.parent.rmdir()


def _open_locked(lock_path: Path, path: str) -> int:
    """A descriptor of the lock file, which is locked; it is the file that has this name now."""
    while True:
        lock = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if sys.platform != "win32":
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(lock, 200, 0).decode(errors="replace")
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                os.close(lock)
                raise StepError(
                    f"{path}: another run is writing it ({holder}); wait until it ends, or stop it, and run this step "
                    "again"
                ) from None
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(lock), os.stat(lock_path)):
                return lock
        os.close(lock)  # the one that held it has deleted it in the meantime

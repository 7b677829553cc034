"""Forked children that must end well."""

import os
import time

PATIENCE = 60  # seconds


def in_child(action):
    """Forks; the child must end well, and in time."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            action()
            status = 0
        finally:
            os._exit(status)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            assert status == 0, f"the child ended with {status}"
            return
        time.sleep(0.001)
    os.kill(child, 9)
    raise AssertionError("the child hangs")

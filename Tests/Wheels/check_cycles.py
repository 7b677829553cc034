"""Opens, uses and closes models of an installed wheel so often, and looks whether anything grows: check_cycles.py ROUNDS.

    python check_cycles.py 10000      # in the Python that has the digits' wheel
"""

import os
import sys

import numpy as np

import digits

# After these all that Python and the C library keep for later is there.
FIRST = 100
# What allocators may still take; 110 bytes a round would be seen in ten thousand.
SLACK = 1 << 20


def figures():
    """Bytes of address space and of memory, threads, open files."""
    with open("/proc/self/status") as status:
        fields = dict(line.split(":", 1) for line in status)
    kilobytes = [int(fields[name].split()[0]) for name in ("VmSize", "VmRSS")]
    return {"address space": 1024 * kilobytes[0], "memory": 1024 * kilobytes[1],
            "threads": int(fields["Threads"]), "files": len(os.listdir("/proc/self/fd"))}


def cycle(image, expected):
    with digits.Model(threads=2) as model:
        found = model(image)
    assert expected is None or found.tobytes() == expected.tobytes()
    return found


def check(rounds):
    image = np.linspace(-1, 1, 3 * 64 * 64, dtype=np.float32).reshape(1, 3, 64, 64)
    expected = None
    for _ in range(FIRST):
        expected = cycle(image, expected)
    before = figures()
    for _ in range(rounds):
        cycle(image, expected)
    after = figures()
    for name, allowed in (("address space", SLACK), ("memory", SLACK), ("threads", 0), ("files", 0)):
        grown = after[name] - before[name]
        assert grown <= allowed, f"{name}: {before[name]}, after {rounds} rounds {after[name]}"
    print(f"{rounds} models opened, used and closed: {before} before, {after} after")


if __name__ == "__main__":
    if os.path.exists("/proc/self/status"):
        check(int(sys.argv[1]))
    print("all is well")

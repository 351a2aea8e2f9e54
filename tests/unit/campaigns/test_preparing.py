"""Processes that prepare beside a scan end with it, also when it is killed."""

import os
import subprocess
import sys
import time

SCAN = """
from semsearch.campaigns.joining.preparing import Preparing
from semsearch.settings import CampaignSettings

preparing = Preparing(type(None), CampaignSettings(), 1)
for _ in range(8):
    preparing(["text"]).result()
print(*preparing._pool._processes, flush=True)
input()
"""


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_nothing_outlives_a_killed_scan():
    command = [sys.executable, "-c", SCAN]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as scan:
        pids = [int(pid) for pid in scan.stdout.readline().split()]
        assert pids
        scan.kill()
    end = time.monotonic() + 10
    while any(map(lives, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(lives, pids))

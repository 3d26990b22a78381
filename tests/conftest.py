"""For the whole suite: one Hypothesis profile without clock or disk, and a Ctrl-C that is heard."""

import os
import signal

from hypothesis import HealthCheck, settings

settings.register_profile(
    "convtool",
    deadline=None,
    database=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("convtool")

# A suite started in the background ignores it, and so would every process that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

"""The one Hypothesis profile of the suite: no clock, nothing on disk, the same examples on every CI run."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "convtool",
    deadline=None,
    database=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("convtool")

# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A control plane that lives as long as a question: real etcd, API server and scheduler on loopback, and nothing left of them.

It is one of the simulated clusters, without controllers and without KWOK: nothing but the scheduler ever moves a pod. What a run
that was killed left behind is removed by the next one: each cluster's lock is held by its run, and let go by the kernel.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType

from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated import Component
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.scratch_api import ScratchApi

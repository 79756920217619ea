"""How busy the machine's GPUs are, asked of the drivers themselves: no package and no process is needed for it."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from functools import cache
from pathlib import Path

_AMD = "class/drm/card*/device/gpu_busy_percent"
_NVIDIA = "libnvidia-ml.so.1"
_MOST = 64


class _Utilization(ctypes.Structure):
    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


def gpu_percent(system: Path = Path("/sys")) -> float | None:
    """The busiest GPU of the machine in percent, whoever keeps it busy; None without one. May take a second at first.

    What a single program does on it is not told by every driver, so it is not guessed.
    """
    return max((*_amd(system), *_nvidia()), default=None)


def _amd(system: Path) -> list[float]:
    found = []
    for path in system.glob(_AMD):
        with suppress(OSError, ValueError):
            found.append(float(path.read_text(encoding="ascii")))
    return found


def _nvidia() -> list[float]:
    library = _library()
    if library is None:
        return []
    count = ctypes.c_uint()
    if library.nvmlDeviceGetCount_v2(ctypes.byref(count)):
        return []
    found = []
    for index in range(min(count.value, _MOST)):
        device, busy = ctypes.c_void_p(), _Utilization()
        refused = library.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(device))
        if not refused and not library.nvmlDeviceGetUtilizationRates(device, ctypes.byref(busy)):
            found.append(float(busy.gpu))
    return found


@cache
def _library() -> ctypes.CDLL | None:
    """NVIDIA's management library, begun; None where there is no driver, or it does not answer."""
    try:
        library = ctypes.CDLL(_NVIDIA)
        return None if library.nvmlInit_v2() else library
    except (OSError, AttributeError):
        return None

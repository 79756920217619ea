"""The few kernel calls that Python's library lacks: prctl, capabilities, seccomp and Landlock, through ctypes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import stat
import struct
from collections.abc import Iterable

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_CAPBSET_DROP = 1, 22, 24
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 36, 38
_SECCOMP_MODE_FILTER = 2
_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITY_VERSION_3 = 0x20080522

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_ABI_VERSION, _PATH_BENEATH = 1, 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _IOCTL_DEVICE = 1 << 14, 1 << 15
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE
_READING = _EXECUTE | _READ_FILE | _READ_DIR
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All rights over files that each Landlock ABI knows."""
_TCP = 0b11
_SCOPES = 0b11  # abstract unix sockets and signals stay inside (ABI 6)

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Ask for signal `number` when the thread that started this process ends."""
    _prctl(_PR_SET_PDEATHSIG, number)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def give_up_privileges() -> None:
    """Never gain privileges by a program started from here, and let go of those that root has."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    number = _CAPSET.get(os.uname().machine)
    if os.geteuid() != 0 or number is None:
        return
    for capability in range(64):
        with contextlib.suppress(OSError):  # not all 64 exist
            _prctl(_PR_CAPBSET_DROP, capability)
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0))
    _syscall(number, header, ctypes.create_string_buffer(24))


def install_filter(code: bytes) -> None:
    """Put a seccomp filter (an array of `struct sock_filter`) on this process for good."""

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

    buffer = ctypes.create_string_buffer(code, len(code))
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(Program(len(code) // 8, ctypes.addressof(buffer))))


def landlock_abi() -> int:
    """The version of Landlock that the kernel speaks; 0 when it has none."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(_ABI_VERSION))))


def restrict_files(readable: Iterable[str], writable: Iterable[str]) -> None:
    """Allow this process the given paths and what lies below them, and nothing else; OSError when it cannot be done.

    Paths that do not exist are left out. TCP, abstract unix sockets and signals to the outside go where the kernel can.
    """
    abi = landlock_abi()
    rights = _RIGHTS[min(abi, max(_RIGHTS))] if abi else 0
    sizes = {0: 8, 4: 16, 6: 24}
    size = next(sizes[version] for version in sorted(sizes, reverse=True) if version <= abi)
    attributes = ctypes.create_string_buffer(struct.pack("=QQQ", rights, _TCP, _SCOPES)[:size], size)
    ruleset = _syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(size), 0)
    for path in readable:
        _allow(ruleset, path, _READING & rights)
    for path in writable:
        _allow(ruleset, path, rights)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _syscall(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        target = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(target).st_mode):
            rights &= _ON_FILES
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, target), 12)
        _syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
    finally:
        os.close(target)


def _prctl(option: int, *arguments: object) -> None:
    unused = [0] * (4 - len(arguments))  # some options insist on zeros here
    if _libc.prctl(option, *_words([*arguments, *unused])) != 0:
        raise _error()


def _syscall(number: int, *arguments: object) -> int:
    result = int(_libc.syscall(number, *_words(arguments)))
    if result < 0:
        raise _error()
    return result


def _words(arguments: Iterable[object]) -> list[object]:
    # Variadic C functions read whole words: a plain int would be passed as 32 bits with garbage above.
    return [ctypes.c_ulong(value) if isinstance(value, int) else value for value in arguments]


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))

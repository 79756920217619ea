"""System calls that no program needs and every escape wants, refused by a seccomp filter (classic BPF).

A filter is plain bytes: bubblewrap takes it through a file descriptor, the launcher installs it by `install`.
"""

from __future__ import annotations

import errno
import platform
import socket
import struct
import sys
from enum import StrEnum

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32 = 0x40000000  # x86_64 system calls numbered from here are the same calls again, under other numbers

# clone and unshare flags for new namespaces: mount, cgroup, uts, ipc, user, pid, net
_NEW_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
_TERMINAL_INJECTION = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_O_ACCMODE, _O_TRUNC = 0o3, 0o1000

# name: number on x86_64, number on aarch64; None where the architecture has no such call
_CALLS: dict[str, tuple[int | None, int | None]] = {
    "acct": (163, 89), "add_key": (248, 217), "adjtimex": (159, 171), "bpf": (321, 280), "chmod": (90, None),
    "chown": (92, None), "chroot": (161, 51), "clock_settime": (227, 112), "clone": (56, 220), "clone3": (435, 435),
    "delete_module": (176, 106), "fchmodat": (268, 53), "fchmodat2": (452, 452), "fchownat": (260, 54),
    "finit_module": (313, 273), "fsconfig": (431, 431), "fsmount": (432, 432), "fsopen": (430, 430),
    "fspick": (433, 433), "init_module": (175, 105), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425), "ioctl": (16, 29), "ioperm": (173, None), "iopl": (172, None), "kcmp": (312, 272),
    "kexec_file_load": (320, 294), "kexec_load": (246, 104), "keyctl": (250, 219), "lchown": (94, None),
    "lremovexattr": (198, 15), "lsetxattr": (189, 6), "mount": (165, 40), "mount_setattr": (442, 442),
    "move_mount": (429, 429), "name_to_handle_at": (303, 264), "open": (2, None), "open_by_handle_at": (304, 265),
    "open_tree": (428, 428), "openat": (257, 56), "openat2": (437, 437), "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438), "pivot_root": (155, 41), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "ptrace": (101, 117), "quotactl": (179, 60), "reboot": (169, 142),
    "removexattr": (197, 14), "request_key": (249, 218), "setns": (308, 268), "settimeofday": (164, 170),
    "setxattr": (188, 5), "socket": (41, 198), "swapoff": (168, 225), "swapon": (167, 224), "syslog": (103, 116),
    "truncate": (76, 45), "umount2": (166, 39), "unshare": (272, 97), "userfaultfd": (323, 282),
}  # fmt: skip

_NEVER = (
    "acct", "add_key", "adjtimex", "bpf", "chroot", "clock_settime", "delete_module", "finit_module", "fsconfig",
    "fsmount", "fsopen", "fspick", "init_module", "io_uring_enter", "io_uring_register", "io_uring_setup", "ioperm",
    "iopl", "kcmp", "kexec_file_load", "kexec_load", "keyctl", "mount", "mount_setattr", "move_mount",
    "name_to_handle_at", "open_by_handle_at", "open_tree", "perf_event_open", "pidfd_getfd", "pivot_root",
    "process_vm_readv", "process_vm_writev", "ptrace", "quotactl", "reboot", "request_key", "setns", "settimeofday",
    "swapoff", "swapon", "syslog", "umount2", "unshare", "userfaultfd",
)  # fmt: skip
_OWNERS_AND_ATTRIBUTES = ("chown", "lchown", "fchownat", "setxattr", "lsetxattr", "removexattr", "lremovexattr")


class Room(StrEnum):
    """What the filter is the last wall of."""

    NAMESPACES = "namespaces"
    """Network and files are already private: sockets work, on a loopback of their own."""
    SHARED = "shared"
    """The machine's own network and files: no sockets, no change of modes or owners, which Landlock does not see."""


def known_machine() -> bool:
    """Whether this machine's system calls are known here."""
    return sys.platform == "linux" and platform.machine() in _ARCHITECTURES


def filter_for(room: Room, landlock_abi: int = 0, machine: str = "") -> bytes:
    """The filter as an array of `struct sock_filter`; KeyError for a machine that is not known."""
    machine = machine or platform.machine()
    build = _Filter(machine)
    for name in _NEVER:
        build.refuse(name, errno.EPERM)
    build.refuse("clone3", errno.ENOSYS)  # its flags lie behind a pointer; libc then falls back to clone
    build.refuse_if_any_bit("clone", 0, _NEW_NAMESPACES, errno.EPERM)
    for request in _TERMINAL_INJECTION:
        build.refuse_if("ioctl", 1, request, errno.EPERM)
    if room is Room.NAMESPACES:
        families = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK)
        build.refuse_unless("socket", 0, families, errno.EAFNOSUPPORT)
    else:
        build.refuse_if("socket", 0, socket.AF_UNIX, errno.EACCES)
        build.refuse("socket", errno.ENETUNREACH)
        for name in ("chmod", "fchmodat", "fchmodat2"):
            build.refuse(name, 0)  # says yes and does nothing: copying files with their modes goes on working
        for name in _OWNERS_AND_ATTRIBUTES:
            build.refuse(name, errno.EPERM)
        if landlock_abi < 3:
            build.refuse_truncation()
    return build.finished()


class _Filter:
    """Builds a filter call by call; between two rules the system call's number is in the accumulator."""

    def __init__(self, machine: str) -> None:
        self._column = list(_ARCHITECTURES).index(machine)
        self._code: list[bytes] = []
        self._add(_LOAD, _ARCHITECTURE)
        self._add(_EQUAL, _ARCHITECTURES[machine], 1, 0)
        self._add(_RETURN, _KILL)
        self._add(_LOAD, _NUMBER)
        if machine == "x86_64":
            self._add(_AT_LEAST, _X32, 0, 1)
            self._add(_RETURN, _REFUSE | errno.ENOSYS)

    def refuse(self, name: str, error: int) -> None:
        self._for(name, [(_RETURN, _REFUSE | error, 0, 0)])

    def refuse_if(self, name: str, argument: int, value: int, error: int) -> None:
        self._with_argument(name, argument, [(_EQUAL, value, 0, 1), (_RETURN, _REFUSE | error, 0, 0)])

    def refuse_unless(self, name: str, argument: int, values: tuple[int, ...], error: int) -> None:
        checks = [(_EQUAL, value, len(values) - place, 0) for place, value in enumerate(values)]
        self._with_argument(name, argument, [*checks, (_RETURN, _REFUSE | error, 0, 0)])

    def refuse_if_any_bit(self, name: str, argument: int, bits: int, error: int) -> None:
        self._with_argument(name, argument, [(_ANY_BIT, bits, 0, 1), (_RETURN, _REFUSE | error, 0, 0)])

    def refuse_truncation(self) -> None:
        """Landlock before ABI 3 does not see truncation by path, nor by opening read-only with O_TRUNC."""
        self.refuse("truncate", errno.EACCES)
        self.refuse("openat2", errno.ENOSYS)
        for name, argument in (("open", 1), ("openat", 2)):
            read_only = [(_AND, _O_ACCMODE | _O_TRUNC, 0, 0), (_EQUAL, _O_TRUNC, 0, 1)]
            self._with_argument(name, argument, [*read_only, (_RETURN, _REFUSE | errno.EACCES, 0, 0)])

    def finished(self) -> bytes:
        return b"".join([*self._code, struct.pack("=HBBI", _RETURN, 0, 0, _ALLOW)])

    def _with_argument(self, name: str, argument: int, body: list[tuple[int, int, int, int]]) -> None:
        # The low half is enough: the kernel itself reads these arguments as 32 bits.
        self._for(name, [(_LOAD, _FIRST_ARGUMENT + 8 * argument, 0, 0), *body, (_LOAD, _NUMBER, 0, 0)])

    def _for(self, name: str, body: list[tuple[int, int, int, int]]) -> None:
        number = _CALLS[name][self._column]
        if number is None:
            return
        self._add(_EQUAL, number, 0, len(body))
        for instruction in body:
            self._add(*instruction)

    def _add(self, code: int, value: int, if_true: int = 0, if_false: int = 0) -> None:
        self._code.append(struct.pack("=HBBI", code, if_true, if_false, value))

"""The strict list of system calls: what servers, compilers and package tools need, nothing beside.

Left out against an engine's usual list is what only serves to look into or steer other processes,
to load code into the kernel, or to have privileges: tracing, reading another process's memory,
handles by number, kernel keyrings, perf, bpf, userfaultfd, io_uring, new namespaces. What is not
listed fails with EPERM; clone3 with ENOSYS, so that libraries fall back to clone, whose flags can
be looked at. Names an engine does not know are passed over by it.
"""

import json
from functools import cache
from typing import Any, Final

_FILES = """
access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 faccessat
faccessat2 fadvise64 fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchown32
fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstat64
fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futimesat getcwd getdents getdents64
getxattr inotify_add_watch inotify_init inotify_init1 inotify_rm_watch ioctl lchown lchown32
lgetxattr link linkat listxattr llistxattr _llseek lremovexattr lseek lsetxattr lstat lstat64 mkdir
mkdirat mknod mknodat newfstatat _newselect open openat openat2 pipe pipe2 pread64 preadv preadv2
pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv removexattr rename renameat
renameat2 rmdir sendfile sendfile64 setxattr splice stat stat64 statfs statfs64 statx symlink
symlinkat sync sync_file_range syncfs tee truncate truncate64 umask unlink unlinkat utime utimensat
utimensat_time64 utimes vmsplice write writev cachestat
"""
_MEMORY = """
brk madvise membarrier memfd_create mincore mlock mlock2 mlockall mmap mmap2 mprotect mremap msync
munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages map_shadow_stack
mseal
"""
_PROCESSES = """
alarm arch_prctl capget capset execve execveat exit exit_group fork getegid getegid32 geteuid
geteuid32 getgid getgid32 getgroups getgroups32 getpgid getpgrp getpid getppid getpriority getresgid
getresgid32 getresuid getresuid32 getrlimit getrusage getsid gettid getuid getuid32 kill pause
pidfd_open pidfd_send_signal prctl prlimit64 restart_syscall rseq rt_sigaction rt_sigpending
rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64
rt_tgsigqueueinfo seccomp setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups
setgroups32 setitimer getitimer setpgid setpriority setregid setregid32 setresgid setresgid32
setresuid setresuid32 setreuid setreuid32 setrlimit setsid setuid setuid32 sigaction sigaltstack
signal signalfd signalfd4 sigpending sigprocmask sigreturn sigsuspend set_robust_list
set_thread_area get_robust_list get_thread_area set_tid_address sysinfo tgkill times tkill
ugetrlimit uname vfork wait4 waitid waitpid getcpu landlock_add_rule landlock_create_ruleset
landlock_restrict_self
"""
_WAITING = """
clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep
clock_nanosleep_time64 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2
epoll_wait epoll_wait_old eventfd eventfd2 futex futex_time64 futex_waitv futex_wait futex_wake
futex_requeue gettimeofday nanosleep poll ppoll ppoll_time64 pselect6 pselect6_time64
sched_getaffinity sched_getattr sched_getparam sched_get_priority_max sched_get_priority_min
sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity
sched_setattr sched_setparam sched_setscheduler sched_yield select time timer_create timer_delete
timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create
timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 ioprio_get ioprio_set io_cancel
io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit
"""
_SOCKETS = """
accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg
recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socketcall socketpair
"""
_MESSAGES = """
ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend
mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop
semtimedop_time64 shmat shmctl shmdt shmget getrandom
"""
_ARM = "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls"

_NAMESPACES: Final = 0x7E020000
"""Every CLONE_NEW* flag of clone: mount, control group, IPC, UTS, user, PID, network, time."""
_AF_ALG, _AF_VSOCK = 38, 40
"""Sockets into the kernel's crypto and to the hypervisor: more surface than a server needs."""
_ENOSYS: Final = 38
_ARCHITECTURES = (
    ("SCMP_ARCH_X86_64", ("SCMP_ARCH_X86", "SCMP_ARCH_X32")),
    ("SCMP_ARCH_AARCH64", ("SCMP_ARCH_ARM",)),
)


@cache
def profile() -> str:
    """The profile as JSON, in the form the engines take."""
    names = " ".join((_FILES, _MEMORY, _PROCESSES, _WAITING, _SOCKETS, _MESSAGES, _ARM)).split()
    rules: list[dict[str, Any]] = [
        {"names": sorted(set(names)), "action": "SCMP_ACT_ALLOW"},
        {"names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [_equal(0, 0)]},
        {"names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [_equal(0, 0xFFFFFFFF)]},
        {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [_without(0, _NAMESPACES)]},
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": _ENOSYS},
        *_families(),
    ]
    return json.dumps(
        {
            "defaultAction": "SCMP_ACT_ERRNO",
            "defaultErrnoRet": 1,
            "archMap": [
                {"architecture": main, "subArchitectures": list(others)}
                for main, others in _ARCHITECTURES
            ],
            "syscalls": rules,
        },
        separators=(",", ":"),
    )


def _families() -> list[dict[str, Any]]:
    """Sockets of every family below the two that are left out, between them, and above."""
    ranges = (
        [_compare(0, _AF_ALG, "SCMP_CMP_LT")],
        [_equal(0, _AF_ALG + 1)],
        [_compare(0, _AF_VSOCK, "SCMP_CMP_GT")],
    )
    return [{"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": a} for a in ranges]


def _equal(index: int, value: int) -> dict[str, Any]:
    return _compare(index, value, "SCMP_CMP_EQ")


def _without(index: int, mask: int) -> dict[str, Any]:
    return {"index": index, "value": mask, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}


def _compare(index: int, value: int, operation: str) -> dict[str, Any]:
    return {"index": index, "value": value, "valueTwo": 0, "op": operation}

namespace Dataplane.Linux.Seccomp;

/// <summary>
/// System calls that a container may not make, or only with a capability. Numbers: asm/unistd_64.h of x86 and asm-generic/unistd.h;
/// -1 where an architecture has none. From 424 on they are the same everywhere.
/// </summary>
internal static class RestrictedCalls
{
    /// <summary>One after mseal of Linux 6.10.</summary>
    internal const uint FirstUnknown = 463;

    internal const uint Clone3 = 435;

    internal static (int X64, int Arm64) Clone => (56, 220);

    internal static (int X64, int Arm64) Socket => (41, 198);

    internal static (int X64, int Arm64) Personality => (135, 92);

    /// <param name="Capability">With it the call is allowed; null for never.</param>
    internal sealed record Call(string Name, int X64, int Arm64, string? Capability = null);

    internal static IReadOnlyList<Call> All { get; } =
    [
        new("mount", 165, 40, "SYS_ADMIN"), new("umount2", 166, 39, "SYS_ADMIN"), new("pivot_root", 155, 41), new("setns", 308, 268, "SYS_ADMIN"),
        new("unshare", 272, 97, "SYS_ADMIN"), new("open_tree", 428, 428, "SYS_ADMIN"), new("move_mount", 429, 429, "SYS_ADMIN"),
        new("fsopen", 430, 430, "SYS_ADMIN"), new("fsconfig", 431, 431, "SYS_ADMIN"), new("fsmount", 432, 432, "SYS_ADMIN"),
        new("fspick", 433, 433, "SYS_ADMIN"), new("mount_setattr", 442, 442, "SYS_ADMIN"), new("statmount", 457, 457, "SYS_ADMIN"),
        new("listmount", 458, 458, "SYS_ADMIN"), new("quotactl", 179, 60, "SYS_ADMIN"), new("quotactl_fd", 443, 443, "SYS_ADMIN"),
        new("sethostname", 170, 161, "SYS_ADMIN"), new("setdomainname", 171, 162, "SYS_ADMIN"), new("fanotify_init", 300, 262, "SYS_ADMIN"),
        new("lookup_dcookie", 212, 18, "SYS_ADMIN"), new("bpf", 321, 280, "BPF"), new("perf_event_open", 298, 241, "PERFMON"),
        new("swapon", 167, 224), new("swapoff", 168, 225), new("add_key", 248, 217), new("request_key", 249, 218), new("keyctl", 250, 219),
        new("reboot", 169, 142, "SYS_BOOT"), new("kexec_load", 246, 104), new("kexec_file_load", 320, 294), new("init_module", 175, 105, "SYS_MODULE"),
        new("finit_module", 313, 273, "SYS_MODULE"), new("delete_module", 176, 106, "SYS_MODULE"), new("create_module", 174, -1), new("query_module", 178, -1),
        new("get_kernel_syms", 177, -1), new("ioperm", 173, -1, "SYS_RAWIO"), new("iopl", 172, -1, "SYS_RAWIO"), new("acct", 163, 89, "SYS_PACCT"),
        new("settimeofday", 164, 170, "SYS_TIME"), new("clock_settime", 227, 112, "SYS_TIME"), new("clock_adjtime", 305, 266, "SYS_TIME"),
        new("kcmp", 312, 272, "SYS_PTRACE"), new("process_vm_readv", 310, 270, "SYS_PTRACE"), new("process_vm_writev", 311, 271, "SYS_PTRACE"),
        new("pidfd_getfd", 438, 438, "SYS_PTRACE"), new("process_madvise", 440, 440, "SYS_PTRACE"), new("chroot", 161, 51, "SYS_CHROOT"),
        new("open_by_handle_at", 304, 265, "DAC_READ_SEARCH"), new("syslog", 103, 116, "SYSLOG"), new("vhangup", 153, 58, "SYS_TTY_CONFIG"),
        new("mbind", 237, 235, "SYS_NICE"), new("get_mempolicy", 239, 236, "SYS_NICE"), new("set_mempolicy", 238, 237, "SYS_NICE"),
        new("set_mempolicy_home_node", 450, 450, "SYS_NICE"), new("move_pages", 279, 239, "SYS_NICE"), new("migrate_pages", 256, 238, "SYS_NICE"),
        new("userfaultfd", 323, 282), new("io_uring_setup", 425, 425), new("io_uring_enter", 426, 426), new("io_uring_register", 427, 427),
        new("nfsservctl", 180, 42), new("sysfs", 139, -1), new("_sysctl", 156, -1), new("uselib", 134, -1), new("ustat", 136, -1),
    ];
}

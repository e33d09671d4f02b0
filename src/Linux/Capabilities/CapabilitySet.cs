namespace Dataplane.Linux.Capabilities;

/// <summary>Capabilities by name: bit N of a set stands for capability N of linux/capability.h.</summary>
public static class CapabilitySet
{
    private static readonly string[] Names =
    [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE",
        "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN",
        "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE",
        "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
    ];

    private static readonly string[] DefaultNames =
    [
        "CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL",
        "AUDIT_WRITE",
    ];

    /// <summary>What containers have in Docker, containerd and CRI-O unless they ask for more or less.</summary>
    public static ulong Default { get; } = DefaultNames.Aggregate(0UL, (set, name) => set | Bit(name));

    /// <summary>All there are.</summary>
    public static ulong All { get; } = (1UL << Names.Length) - 1;

    /// <summary>A set after adding and dropping. ALL stands for every one; what is named counts more than ALL of the other list.</summary>
    /// <exception cref="ArgumentException">There is no capability of the name.</exception>
    public static ulong Change(ulong set, IReadOnlyList<string> add, IReadOnlyList<string> drop)
    {
        set = drop.Any(IsAll) ? 0 : add.Any(IsAll) ? All : set;
        foreach (var name in drop.Where(name => !IsAll(name)))
        {
            set &= ~Bit(name);
        }

        return drop.Any(IsAll) && add.Any(IsAll) ? All : add.Where(name => !IsAll(name)).Aggregate(set, (all, name) => all | Bit(name));
    }

    /// <summary>Whether a set has a capability.</summary>
    public static bool Has(ulong set, string name) => (set & Bit(name)) != 0;

    private static bool IsAll(string name) => name.Equals("ALL", StringComparison.OrdinalIgnoreCase);

    private static ulong Bit(string name)
    {
        var plain = name.StartsWith("CAP_", StringComparison.OrdinalIgnoreCase) ? name[4..] : name;
        var index = Array.FindIndex(Names, one => one.Equals(plain, StringComparison.OrdinalIgnoreCase));
        return index >= 0 ? 1UL << index : throw new ArgumentException($"invalid capability: \"{name}\"");
    }
}

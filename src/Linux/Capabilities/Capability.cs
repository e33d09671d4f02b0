using System.Globalization;

namespace Dataplane.Linux.Capabilities;

/// <summary>Privileges this suite asks for, numbered as in linux/capability.h.</summary>
public enum Capability
{
    /// <summary>CAP_KILL: signal processes of other users.</summary>
    Kill = 5,

    /// <summary>CAP_NET_BIND_SERVICE: ports below 1024.</summary>
    NetBindService = 10,

    /// <summary>CAP_NET_ADMIN: devices, routes, nf_tables, transparent sockets.</summary>
    NetAdmin = 12,

    /// <summary>CAP_NET_RAW: raw sockets.</summary>
    NetRaw = 13,

    /// <summary>CAP_SYS_CHROOT: change the root directory.</summary>
    SysChroot = 18,

    /// <summary>CAP_SYS_ADMIN: namespaces and mounts.</summary>
    SysAdmin = 21,

    /// <summary>CAP_SYS_RESOURCE: raise limits.</summary>
    SysResource = 24,

    /// <summary>CAP_BPF: load programs.</summary>
    Bpf = 39,
}

/// <summary>What this process may do.</summary>
public static class ProcessCapabilities
{
    /// <summary>Whether a capability is effective: line CapEff of /proc/self/status, 64 bits in hexadecimal (proc(5)).</summary>
    public static bool Has(Capability capability)
    {
        const string label = "CapEff:";
        var line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(label, StringComparison.Ordinal));
        return line is not null
            && ulong.TryParse(line.AsSpan(label.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var effective)
            && (effective & (1UL << (int)capability)) != 0;
    }
}

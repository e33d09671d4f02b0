using Dataplane.Linux.Namespaces;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy;

/// <summary>Kernel settings without which a node does not forward.</summary>
internal static class NodeSysctls
{
    // What is absent (IPv6 switched off at boot) is not needed.
    private static readonly (string Path, string Value)[] Needed =
    [
        ("/proc/sys/net/ipv4/ip_forward", "1"),
        ("/proc/sys/net/ipv6/conf/all/forwarding", "1"),
    ];

    /// <summary>/proc/sys/net shows the namespace of the thread that opens it.</summary>
    internal static void Apply(NetworkNamespace? networkNamespace, ILogger logger)
    {
        foreach (var (path, value) in Needed)
        {
            if (networkNamespace is null)
            {
                Write(path, value, logger);
            }
            else
            {
                networkNamespace.Invoke(() => Write(path, value, logger));
            }
        }
    }

    private static void Write(string path, string value, ILogger logger)
    {
        try
        {
            if (File.Exists(path) && File.ReadAllText(path).Trim() != value)
            {
                File.WriteAllText(path, value);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            logger.SysctlNotWritten(path, value, failure.Message);
        }
    }
}

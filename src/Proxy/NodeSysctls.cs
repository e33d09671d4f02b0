using Dataplane.Linux.Namespaces;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy;

/// <summary>Kernel settings without which a node does not forward.</summary>
internal static class NodeSysctls
{
    private const string Ipv4Forwarding = "/proc/sys/net/ipv4/ip_forward";
    private const string Ipv6Forwarding = "/proc/sys/net/ipv6/conf/all/forwarding";

    /// <summary>/proc/sys/net shows the namespace of the thread that opens it.</summary>
    /// <param name="networkNamespace">Null for the process's own.</param>
    /// <param name="hasIpv6">Pods have IPv6 addresses. Else it is left alone: a forwarding host no longer takes router advertisements.</param>
    /// <param name="logger">Told what could not be written.</param>
    internal static void Apply(NetworkNamespace? networkNamespace, bool hasIpv6, ILogger logger)
    {
        foreach (var path in hasIpv6 ? [Ipv4Forwarding, Ipv6Forwarding] : new[] { Ipv4Forwarding })
        {
            if (networkNamespace is null)
            {
                Write(path, "1", logger);
            }
            else
            {
                networkNamespace.Invoke(() => Write(path, "1", logger));
            }
        }
    }

    private static void Write(string path, string value, ILogger logger)
    {
        try
        {
            // Absent when IPv6 was switched off at boot.
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

using Dataplane.Linux;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.Sysctls;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy;

/// <summary>Kernel settings without which a node does not forward.</summary>
internal static class NodeSysctls
{
    private const string Ipv4Forwarding = "net/ipv4/ip_forward";
    private const string LiberalConntrack = "net/netfilter/nf_conntrack_tcp_be_liberal";
    private const string Ipv6Forwarding = "net/ipv6/conf/all/forwarding";

    /// <param name="networkNamespace">Null for the process's own.</param>
    /// <param name="hasIpv6">Pods have IPv6 addresses. Else it is left alone: a forwarding host no longer takes router advertisements.</param>
    /// <param name="logger">Told what could not be written.</param>
    internal static void Apply(NetworkNamespace? networkNamespace, bool hasIpv6, ILogger logger)
    {
        Set(networkNamespace, Ipv4Forwarding, "1", logger);
        if (hasIpv6)
        {
            Set(networkNamespace, Ipv6Forwarding, "1", logger);
        }
    }

    /// <summary>Lets connections from loopback addresses leave the node once they are masqueraded: localhost NodePorts in kernel modes.</summary>
    internal static void RouteLoopback(NetworkNamespace? networkNamespace, ILogger logger) => Set(networkNamespace, "net/ipv4/conf/all/route_localnet", "1", logger);

    /// <summary>Whether packets outside a connection's window count as its own: then none that fits no connection needs to be dropped.</summary>
    internal static bool IsConntrackLiberal(NetworkNamespace? networkNamespace)
    {
        try
        {
            return Sysctl.Read(networkNamespace, LiberalConntrack) != "0";
        }
        catch (LinuxException)
        {
            // Not there before connection tracking is: then it is off.
            return false;
        }
    }

    private static void Set(NetworkNamespace? networkNamespace, string name, string value, ILogger logger)
    {
        try
        {
            // Read first: in a container /proc/sys is often read-only, and already as it should be.
            if (Sysctl.Read(networkNamespace, name) != value)
            {
                Sysctl.Write(networkNamespace, name, value);
            }
        }
        catch (LinuxException failure)
        {
            logger.SysctlNotWritten(name, value, failure.Message);
        }
    }
}

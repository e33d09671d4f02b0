using Dataplane.Linux;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.Sysctls;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Ipvs;

/// <summary>Kernel settings of mode ipvs; those under net/ipv4/vs are there once the kernel has loaded it.</summary>
internal static class IpvsSysctls
{
    /// <summary>From here on a port that a client uses again is a new connection at once, whatever conn_reuse_mode says (k/k #81775).</summary>
    private static readonly Version ReusesPorts = new(5, 9);

    internal static void Apply(IpvsOptions options, NetworkNamespace? networkNamespace, ILogger logger)
    {
        // Connection tracking must know IPVS's connections: masquerading is netfilter's.
        Set("net/ipv4/vs/conntrack", "1");
        // A connection whose endpoint is gone ends with its next packet, rather than hang.
        Set("net/ipv4/vs/expire_nodest_conn", "1");
        // A client that session affinity holds at an endpoint that drains gets another one.
        Set("net/ipv4/vs/expire_quiescent_template", "1");
        if (KernelVersion() < ReusesPorts)
        {
            Set("net/ipv4/vs/conn_reuse_mode", "0");
        }

        if (options.StrictArp)
        {
            Set("net/ipv4/conf/all/arp_ignore", "1");
            Set("net/ipv4/conf/all/arp_announce", "2");
        }

        void Set(string name, string value)
        {
            try
            {
                if (Sysctl.Read(networkNamespace, name) != value)
                {
                    Sysctl.Write(networkNamespace, name, value);
                }
            }
            catch (LinuxException failure)
            {
                logger.SettingNotWritten(name, value, failure.Message);
            }
        }
    }

    private static Version KernelVersion()
    {
        var numbers = Sysctl.Read(null, "kernel/osrelease").Split('.', '-');
        return numbers.Length >= 2 && int.TryParse(numbers[0], out var major) && int.TryParse(numbers[1], out var minor) ? new Version(major, minor) : ReusesPorts;
    }
}

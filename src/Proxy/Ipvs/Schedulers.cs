using System.Collections.Frozen;
using System.Net.Sockets;
using Dataplane.Linux;
using Dataplane.Netlink;
using Dataplane.Netlink.Ipvs;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Ipvs;

/// <summary>
/// Which scheduler a service gets: the one it asks for, else the configured one, else round robin: as far as the kernel has their modules, which it says
/// when it is asked for a service with it.
/// </summary>
internal sealed class Schedulers(IpvsConnection connection, IpvsOptions options, ILogger logger)
{
    /// <summary>The annotation of a Service that names its scheduler.</summary>
    internal const string Annotation = "ipvs.dataplane.dev/scheduler";

    /// <summary>No packet carries it: netfilter's marks that a service could have are smaller.</summary>
    private const uint ProbeMark = 0x7FFF_FFFF;

    private readonly Dictionary<string, bool> _available = [];

    /// <summary>Names the kernel has had so far. Source: net/netfilter/ipvs/Kconfig.</summary>
    internal static FrozenSet<string> Known { get; } =
        new[] { "rr", "wrr", "lc", "wlc", "fo", "ovf", "lblc", "lblcr", "dh", "sh", "mh", "sed", "nq" }.ToFrozenSet();

    internal string Choose(string? asked)
    {
        foreach (var name in new[] { asked, options.Scheduler })
        {
            if (name is { Length: > 0 } && IsAvailable(name))
            {
                return name;
            }
        }

        return IpvsOptions.DefaultScheduler;
    }

    /// <summary>Flags a scheduler wants: mh looks at ports as well, or one client would always get one endpoint. Source: kubernetes pkg/proxy/ipvs/proxier.go.</summary>
    internal static uint FlagsOf(string scheduler) => scheduler == "mh" ? IpvsService.SchedulerFlag2 : 0;

    private bool IsAvailable(string name)
    {
        if (!_available.TryGetValue(name, out var available))
        {
            available = Probe(name);
            _available.Add(name, available);
        }

        return available;
    }

    private bool Probe(string name)
    {
        var service = new IpvsService(IpvsServiceKey.Marked(AddressFamily.InterNetwork, ProbeMark), name);
        var batch = connection.CreateBatch();
        try
        {
            batch.AddService(service);
            connection.Commit(batch);
            batch.DeleteService(service.Key);
            connection.Commit(batch);
            return true;
        }
        catch (NetlinkException missing) when (missing.Errno == Errno.ENOENT)
        {
            logger.SchedulerMissing(name, name == options.Scheduler ? IpvsOptions.DefaultScheduler : options.Scheduler);
            return false;
        }
    }
}

using System.Net;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Wire;
using Dataplane.Dns.Zones;
using Microsoft.Extensions.Logging;

namespace Dataplane.Dns.Configuration;

/// <summary>The plan of a server that is configured by flags: one server block for everything, on each address.</summary>
internal static class FlagPlan
{
    /// <exception cref="FormatException">The zone or a reverse network is not one.</exception>
    internal static DnsPlan Of(DnsOptions options, ILogger logger)
    {
        var upstreams = Upstreams(options, logger);
        if (upstreams.Length == 0)
        {
            Log.NotForwarding(logger, options.Zone);
        }

        var server = new ServerPlan
        {
            Zones = [NameSuffix.Root],
            Cache = new CachePlan(),
            Shuffles = true,
            FindsLoops = true,
            UdpThreads = options.UdpThreads,
            Kubernetes = new KubernetesPlan
            {
                Zone = options.Zone,
                ReverseZones = [.. options.ReverseNetworks.Select(network => DnsName.Format(ReverseZones.Of(network).Wire))],
                Pods = options.Pods,
                Ttl = options.Ttl,
            },
            Forwards = upstreams.Length == 0 ? [] : [new ForwardPlan { From = NameSuffix.Root, Policy = ForwardPolicy.Sequential, Upstreams = upstreams }],
        };
        return new DnsPlan
        {
            Servers = [.. options.Listen.Select(listen => server with { Addresses = [listen.Address.Address], Port = listen.Address.Port, Namespace = listen.Namespace })],
            Health = options.HealthAddress,
            LameDuck = options.LameDuck,
            Ready = options.ReadyAddress,
            Metrics = options.MetricsAddress,
        };
    }

    private static UpstreamPlan[] Upstreams(DnsOptions options, ILogger logger)
    {
        var upstreams = new List<UpstreamPlan>();
        foreach (var upstream in options.Upstreams ?? ResolvConf.Nameservers())
        {
            if (options.Listen.Any(listen => listen.Address.Equals(upstream) && listen.Namespace?.Name == options.ForwardNamespace?.Name))
            {
                Log.UpstreamIsSelf(logger, upstream);
            }
            else
            {
                upstreams.Add(new UpstreamPlan(upstream, Tls: false));
            }
        }

        return [.. upstreams];
    }
}

using System.Net;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Dns.Tests.Forward;

internal static class TestForwarders
{
    internal static ForwardPlan Plan(params IPEndPoint[] upstreams) => new()
    {
        From = NameSuffix.Root,
        Policy = ForwardPolicy.Sequential,
        Upstreams = [.. upstreams.Select(upstream => new UpstreamPlan(upstream, Tls: false))],
    };

    internal static Forwarder Of(params IPEndPoint[] upstreams) => Of(Plan(upstreams));

    internal static Forwarder Of(ForwardPlan plan, CachePlan? cache = null, TimeProvider? time = null) =>
        new(plan, cache ?? new CachePlan(), null, time ?? TimeProvider.System, NullLogger.Instance);
}

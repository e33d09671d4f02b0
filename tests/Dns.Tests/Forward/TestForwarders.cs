using System.Net;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Dns.Tests.Forward;

internal static class TestForwarders
{
    /// <summary>A machine that is busy is waited for longer than a nameserver would be.</summary>
    internal static ForwardPlan Plan(params IPEndPoint[] upstreams) => new()
    {
        AnswerLimit = TimeSpan.FromSeconds(15),
        WholeLimit = TimeSpan.FromSeconds(18),
        From = NameSuffix.Root,
        Policy = ForwardPolicy.Sequential,
        Upstreams = [.. upstreams.Select(upstream => new UpstreamPlan(upstream, Tls: false))],
    };

    internal static Forwarder Of(params IPEndPoint[] upstreams) => Of(Plan(upstreams));

    internal static Forwarder Of(ForwardPlan plan, CachePlan? cache = null, TimeProvider? time = null) =>
        new(plan, cache ?? new CachePlan(), null, time ?? TimeProvider.System, NullLogger.Instance);
}

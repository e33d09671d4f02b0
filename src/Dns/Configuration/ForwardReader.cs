using System.Net;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Configuration;

/// <summary><c>forward FROM TO... { ... }</c>; a TO is an address, <c>tls://ADDRESS</c>, or a file like /etc/resolv.conf.</summary>
internal static class ForwardReader
{
    private const string Plugin = "forward";
    private const int DnsPort = 53;
    private const int TlsPort = 853;
    private const int MaxUpstreams = 15;

    internal static ForwardPlan Read(CorefileDirective directive)
    {
        if (directive.Texts() is not [var from, _, ..])
        {
            throw directive.ArgumentError();
        }

        var upstreams = directive.Texts(1).SelectMany(to => Upstreams(directive, to)).Distinct().ToArray();
        if (upstreams.Length is 0 or > MaxUpstreams)
        {
            throw directive.Error(upstreams.Length == 0 ? "no nameservers found" : $"more than {MaxUpstreams} TOs configured: {upstreams.Length}");
        }

        var plan = new ForwardPlan { From = directive.Zones(Plugin, [from])[0], Upstreams = upstreams };
        foreach (var property in directive.Properties())
        {
            plan = Read(property, plan);
        }

        return plan;
    }

    private static ForwardPlan Read(CorefileDirective property, ForwardPlan plan)
    {
        switch (property.Name.Text)
        {
            case "except":
                return plan with { Except = [.. plan.Except, .. property.Zones(Plugin, property.Some(Plugin))] };
            case "policy":
                return plan with
                {
                    Policy = property.Only(Plugin) switch
                    {
                        "random" => ForwardPolicy.Random,
                        "round_robin" => ForwardPolicy.RoundRobin,
                        "sequential" => ForwardPolicy.Sequential,
                        var policy => throw property.Error($"unknown policy '{policy}'", Plugin),
                    },
                };
            case "max_fails":
                return plan with { MaxFails = property.Number(Plugin, 0) };
            case "max_concurrent":
                return plan with { MaxConcurrent = property.Number(Plugin, 0) is > 0 and var limit ? limit : int.MaxValue };
            case "health_check":
                return plan with { HealthCheck = property.Duration(Plugin, 0) };
            case "expire":
                return plan with { Expire = property.Duration(Plugin, 0) };
            case "force_tcp":
                property.Nothing(Plugin);
                return plan with { ForceTcp = true };
            case "prefer_udp":
                // A query goes out by UDP first however it came in.
                property.Nothing(Plugin);
                return plan;
            case "tls_servername":
                return plan with { TlsServerName = property.Only(Plugin) };
            case "max_age" or "max_idle_conns" or "next" or "failover" or "failfast_all_unhealthy_upstreams" or "tls":
                throw property.Error($"property '{property.Name.Text}' is not supported by this server", Plugin);
            default:
                throw property.Unknown(Plugin);
        }
    }

    private static IEnumerable<UpstreamPlan> Upstreams(CorefileDirective directive, string to)
    {
        var (tls, rest) = to switch
        {
            _ when to.StartsWith("tls://", StringComparison.OrdinalIgnoreCase) => (true, to[6..]),
            _ when to.StartsWith("dns://", StringComparison.OrdinalIgnoreCase) => (false, to[6..]),
            _ when to.Contains("://", StringComparison.Ordinal) =>
                throw directive.Error($"'{to[..to.IndexOf("://", StringComparison.Ordinal)]}' is not supported as a destination protocol in forward: {to}"),
            _ => (false, to),
        };
        var port = tls ? TlsPort : DnsPort;
        if (IPAddress.TryParse(rest, out var address))
        {
            return [new UpstreamPlan(new IPEndPoint(address, port), tls)];
        }

        if (IPEndPoint.TryParse(rest, out var endPoint))
        {
            return [new UpstreamPlan(endPoint, tls)];
        }

        var path = CorefileReader.Resolve(directive, rest);
        return File.Exists(path)
            ? ResolvConf.Nameservers(path).Select(server => new UpstreamPlan(server, tls))
            : throw directive.Error($"not an IP address or file: \"{rest}\"");
    }
}

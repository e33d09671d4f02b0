using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
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
                return HealthCheck(property, plan with { HealthCheck = property.Duration(Plugin, 0) });
            case "expire":
                return plan with { Expire = property.Duration(Plugin, 0) };
            case "max_age":
                return plan with { MaxAge = property.Duration(Plugin, 0) };
            case "max_idle_conns":
                return plan with { MaxIdle = property.Number(Plugin, 0) is > 0 and var idle ? idle : int.MaxValue };
            case "force_tcp":
                property.Nothing(Plugin);
                return plan with { ForceTcp = true };
            case "prefer_udp":
                // A query goes out by UDP first however it came in.
                property.Nothing(Plugin);
                return plan;
            case "failfast_all_unhealthy_upstreams":
                property.Nothing(Plugin);
                return plan with { FailsFast = true };
            case "failover":
                return plan with { Failover = [.. plan.Failover, .. property.Some(Plugin).Select(word => Failover(property, word))] };
            case "tls_servername":
                return plan with { TlsServerName = property.Only(Plugin) };
            case "tls":
                return Tls(property, plan);
            case "next":
                return plan with { Next = [.. plan.Next, .. property.Some(Plugin).Select(word => property.Code(Plugin, word))] };
            case "next_on_nodata":
                property.Nothing(Plugin);
                return plan with { GoesOnWithoutData = true };
            case "max_connect_attempts":
                return plan with { MaxAttempts = property.Number(Plugin, 0) };
            case "resolver" or "doh_method":
                throw property.Error($"property '{property.Name.Text}' is not supported by this server", Plugin);
            default:
                throw property.Unknown(Plugin);
        }
    }

    /// <summary><c>health_check DURATION [no_rec] [domain NAME]</c>.</summary>
    private static ForwardPlan HealthCheck(CorefileDirective property, ForwardPlan plan)
    {
        for (var i = 1; i < property.Arguments.Count; i++)
        {
            switch (property.Arguments[i].Text)
            {
                case "no_rec":
                    plan = plan with { CheckRecursion = false };
                    break;
                case "domain" when i + 1 < property.Arguments.Count:
                    plan = plan with { CheckName = property.Zones(Plugin, [property.Arguments[++i].Text])[0].Wire };
                    break;
                case "domain":
                    throw property.ArgumentError(Plugin);
                case var option:
                    throw property.Error($"health_check: unknown option {option}", Plugin);
            }
        }

        return plan;
    }

    private static ResponseCode Failover(CorefileDirective property, string word) => property.Code(Plugin, word) is not ResponseCode.NoError and var code
        ? code
        : throw property.Error("NoError cannot be used in failover", Plugin);

    /// <summary><c>tls [CERT KEY] [CA]</c>.</summary>
    private static ForwardPlan Tls(CorefileDirective property, ForwardPlan plan)
    {
        var files = property.Texts().Select(file => CorefileReader.Resolve(property, file)).ToArray();
        try
        {
            return files switch
            {
                [] => plan,
                [var authority] => plan with { Authorities = Authorities(authority) },
                [var certificate, var key] => plan with { ClientCertificate = X509Certificate2.CreateFromPemFile(certificate, key) },
                [var certificate, var key, var authority] =>
                    plan with { ClientCertificate = X509Certificate2.CreateFromPemFile(certificate, key), Authorities = Authorities(authority) },
                _ => throw property.ArgumentError(Plugin),
            };
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw property.Error($"tls {string.Join(' ', property.Texts())}: {failure.Message}", Plugin);
        }
    }

    private static X509Certificate2Collection Authorities(string file)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(file);
        return authorities.Count > 0 ? authorities : throw new CryptographicException("no certificate in the file");
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
        string? serverName = null;
        if (tls && rest.IndexOf('%', StringComparison.Ordinal) is > 0 and var percent)
        {
            // tls://ADDRESS%NAME[:PORT]
            var named = rest[(percent + 1)..].Split(':', 2);
            serverName = named[0];
            rest = rest[..percent].Trim('[', ']');
            if (named.Length > 1 && (!int.TryParse(named[1], out port) || port is < 1 or > ushort.MaxValue))
            {
                throw directive.Error($"\"{named[1]}\" is not a port: {to}");
            }
        }

        if (IPAddress.TryParse(rest, out var address))
        {
            return [new UpstreamPlan(new IPEndPoint(address, port), tls, serverName)];
        }

        if (IPEndPoint.TryParse(rest, out var endPoint))
        {
            return [new UpstreamPlan(endPoint, tls, serverName)];
        }

        var path = CorefileReader.Resolve(directive, rest);
        return File.Exists(path)
            ? ResolvConf.Nameservers(path).Select(server => new UpstreamPlan(server, tls))
            : throw directive.Error($"not an IP address or file: \"{rest}\"");
    }
}

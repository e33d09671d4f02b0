using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using Dataplane.Api.Client;
using Dataplane.Dns;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Zones;
using Microsoft.Extensions.Logging;

namespace Dataplane.Cli.Commands;

/// <summary><c>dataplane dns</c>: the cluster's DNS server alone; <c>dataplane dns query</c> asks one.</summary>
internal static class DnsCommand
{
    private const int DnsPort = 53;

    /// <summary>The value of <c>--upstream</c> that stands for no upstream at all.</summary>
    private const string None = "none";

    public static Command Create()
    {
        var kubeConfig = new Option<FileInfo?>("--kubeconfig") { Description = "How to reach the API server; the pod's service account if left out." };
        var zone = new Option<string>("--cluster-domain", "--zone") { Description = "The cluster's domain.", DefaultValueFactory = _ => "cluster.local" };
        var listen = new Option<IPEndPoint[]>("--listen")
        {
            Description = "ADDRESS[:PORT] to serve on by UDP and TCP; may be repeated.",
            CustomParser = result => ParseEndPoints(result, DnsPort),
            DefaultValueFactory = _ => [new IPEndPoint(IPAddress.Any, DnsPort)],
        };
        var ttl = new Option<uint>("--ttl") { Description = "Seconds clients may keep an answer about the cluster.", DefaultValueFactory = _ => 5 };
        var pods = new Option<PodRecordMode>("--pods") { Description = "disabled, insecure or verified.", DefaultValueFactory = _ => PodRecordMode.Insecure };
        var upstreams = new Option<IPEndPoint[]?>("--upstream")
        {
            Description = $"ADDRESS[:PORT] to ask for other zones; may be repeated, \"{None}\" refuses them. The nameservers of {ResolvConf.DefaultPath} if left out.",
            CustomParser = result => ParseEndPoints(result, DnsPort),
        };
        var reverse = new Option<IPNetwork[]>("--reverse-cidr")
        {
            Description = "Network whose reverse names only the cluster knows; may be repeated.",
            CustomParser = result => ParseAll(result, (string text, out IPNetwork network) => IPNetwork.TryParse(text, out network), "ADDRESS/LENGTH"),
            DefaultValueFactory = _ => [],
        };
        var threads = new Option<int>("--udp-threads") { Description = "Threads and sockets for UDP.", DefaultValueFactory = _ => Environment.ProcessorCount };
        var corefile = new Option<FileInfo?>("--conf", "-conf") { Description = "A Corefile; the other options but --kubeconfig, --dns.port and --udp-threads are then not for use." };
        var port = new Option<int>("--dns.port", "-dns.port", "-p") { Description = "Port of a Corefile's zones that name none.", DefaultValueFactory = _ => DnsPort };
        var health = HttpOption("--health-address", "/health");
        var ready = HttpOption("--ready-address", "/ready");
        var metrics = HttpOption("--metrics-address", "/metrics");
        var command = new Command("dns", "Serves the names of the cluster until it is interrupted.")
        {
            kubeConfig, corefile, port, zone, listen, ttl, pods, upstreams, reverse, threads, health, ready, metrics,
        };
        threads.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 256)
            {
                result.AddError("--udp-threads: must be 1 to 256");
            }
        });
        command.Subcommands.Add(DnsQueryCommand.Create());
        command.SetBody(async (result, cancellation) =>
        {
            var options = new DnsOptions
            {
                KubeConfig = result.GetValue(kubeConfig) is { } file ? KubeConfig.Load(file.FullName) : null,
                Corefile = result.GetValue(corefile)?.FullName,
                DefaultPort = result.GetValue(port),
                Zone = result.GetValue(zone)!,
                Listen = [.. result.GetValue(listen)!.Select(address => new DnsListenAddress(address))],
                Ttl = result.GetValue(ttl),
                Pods = result.GetValue(pods),
                Upstreams = result.GetValue(upstreams),
                ReverseNetworks = result.GetValue(reverse)!,
                UdpThreads = result.GetValue(threads),
                HealthAddress = result.GetValue(health),
                ReadyAddress = result.GetValue(ready),
                MetricsAddress = result.GetValue(metrics),
            };
            using var loggers = CommandLog.Create(result);
            await using var server = await StartAsync(options, loggers, cancellation);
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
            return 0;
        });
        return command;
    }

    /// <summary><c>ADDRESS</c>, <c>ADDRESS:PORT</c> or <c>:PORT</c>, which is every address.</summary>
    internal static bool TryParseEndPoint(string text, int defaultPort, out IPEndPoint endPoint)
    {
        var whole = text.StartsWith(':') ? IPAddress.Any + text : text;
        if (!IPEndPoint.TryParse(whole, out var parsed))
        {
            endPoint = new IPEndPoint(IPAddress.None, 0);
            return false;
        }

        // An address alone: also "::1:53", which is one of its own and not "::1" with a port.
        endPoint = IPAddress.TryParse(whole, out _) ? new IPEndPoint(parsed.Address, defaultPort) : parsed;
        return true;
    }

    private static Option<IPEndPoint?> HttpOption(string name, string path) => new(name)
    {
        Description = $"ADDRESS:PORT that serves {path}; off if left out.",
        CustomParser = result => ParseEndPoints(result, 0)?.FirstOrDefault(),
    };

    private static IPEndPoint[]? ParseEndPoints(ArgumentResult result, int defaultPort) =>
        result.Tokens is [{ Value: None }]
            ? []
            : ParseAll(result, (string text, out IPEndPoint endPoint) => TryParseEndPoint(text, defaultPort, out endPoint), "ADDRESS[:PORT]");

    private static T[]? ParseAll<T>(ArgumentResult result, TryParse<T> parse, string form)
    {
        var values = new List<T>();
        foreach (var token in result.Tokens)
        {
            if (!parse(token.Value, out var value))
            {
                result.AddError($"{result.Argument.Name}: \"{token.Value}\": expected {form}");
                return null;
            }

            values.Add(value);
        }

        return [.. values];
    }

    private static async Task<ClusterDns> StartAsync(DnsOptions options, ILoggerFactory loggers, CancellationToken cancellation)
    {
        try
        {
            return await ClusterDns.StartAsync(options, loggers, cancellation);
        }
        catch (FormatException failure)
        {
            throw new UserErrorException(failure.Message);
        }
    }

    private delegate bool TryParse<T>(string text, out T value);
}

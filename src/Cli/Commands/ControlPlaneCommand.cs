using System.CommandLine;
using System.Net;
using Dataplane.ControlPlane;
using Microsoft.Extensions.Logging;

namespace Dataplane.Cli.Commands;

/// <summary>`dataplane control-plane`: the API server alone, with upstream's flag names where upstream has them.</summary>
internal static class ControlPlaneCommand
{
    public static Command Create()
    {
        var dataDirectory = new Option<DirectoryInfo?>("--data-dir") { Description = "Keys, certificates and the store's file; without it everything is in memory." };
        var store = new Option<string>("--store") { Description = "sqlite, memory or etcd.", DefaultValueFactory = _ => "sqlite" };
        var bind = new Option<IPAddress>("--bind-address") { Description = "Address to listen on.", CustomParser = ParseAddress, DefaultValueFactory = _ => IPAddress.Loopback };
        var port = new Option<int>("--secure-port") { Description = "Port to listen on; 0 takes a free one.", DefaultValueFactory = _ => 6443 };
        var advertise = new Option<IPAddress?>("--advertise-address") { Description = "Address behind the Service kubernetes.", CustomParser = ParseAddress! };
        var serviceCidr = new Option<IPNetwork>("--service-cluster-ip-range")
        {
            Description = "Where ClusterIPs come from.",
            CustomParser = result => ControlPlaneArguments.Parse(result, text => IPNetwork.Parse(text)),
            DefaultValueFactory = _ => IPNetwork.Parse("10.96.0.0/16"),
        };
        var nodePorts = new Option<(int First, int Last)>("--service-node-port-range")
        {
            Description = "First and last node port.",
            CustomParser = result => ControlPlaneArguments.Parse(result, ParseRange),
            DefaultValueFactory = _ => (30000, 32767),
        };
        var kubeConfig = new Option<FileInfo?>("--kubeconfig") { Description = "Where the administrator's kubeconfig is written; admin.conf in the data directory if left out." };
        var names = new Option<string[]>("--tls-san") { Description = "More names and addresses for the server's certificate.", DefaultValueFactory = _ => [] };

        var etcd = new EtcdArguments();
        var upstream = new ControlPlaneArguments();

        var command = new Command("control-plane", "Runs the API server until it is interrupted.")
        {
            dataDirectory, store, bind, port, advertise, serviceCidr, nodePorts, kubeConfig, names,
        };
        foreach (var option in etcd.All.Concat(upstream.All))
        {
            command.Add(option);
        }

        command.SetAction((result, cancellation) => RunAsync(
            upstream.Apply(new ControlPlaneOptions
            {
                DataDirectory = result.GetValue(dataDirectory)?.FullName,
                Store = etcd.Read(result) is not null ? "etcd" : result.GetValue(dataDirectory) is null ? "memory" : result.GetValue(store)!,
                Etcd = etcd.Read(result),
                Listen = [new ListenAddress(new IPEndPoint(result.GetValue(bind)!, result.GetValue(port)))],
                AdvertiseAddress = result.GetValue(advertise) is { } address ? new IPEndPoint(address, result.GetValue(port)) : null,
                ServiceCidr = result.GetValue(serviceCidr),
                NodePortRange = result.GetValue(nodePorts),
                KubeConfigPath = result.GetValue(kubeConfig)?.FullName,
                CertificateNames = result.GetValue(names)!,
            }, result),
            upstream.WithoutEffect(result),
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(ControlPlaneOptions options, IEnumerable<string> withoutEffect, CancellationToken cancellation)
    {
        using var loggers = LoggerFactory.Create(builder => builder.AddSimpleConsole(console => console.SingleLine = true).AddFilter("Microsoft", LogLevel.Critical));
        foreach (var flag in withoutEffect)
        {
            Console.Error.WriteLine($"control-plane: {flag} has no effect here");
        }

        try
        {
            await using var server = await ControlPlaneServer.StartAsync(options, loggers, cancellation);
            Console.WriteLine(server.KubeConfigPath is { } path ? $"ready: export KUBECONFIG={path}" : $"ready on {server.LocalEndPoints[0]}");
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return 0;
        }
        catch (ControlPlaneException failure)
        {
            Console.Error.WriteLine($"control-plane: {failure.Message}");
            return 1;
        }
    }

    private static IPAddress ParseAddress(System.CommandLine.Parsing.ArgumentResult result) => ControlPlaneArguments.Parse(result, IPAddress.Parse)!;

    private static (int First, int Last) ParseRange(string text)
    {
        var parts = text.Split('-');
        return parts.Length == 2 && int.TryParse(parts[0], out var first) && int.TryParse(parts[1], out var last) && first > 0 && first <= last && last < 65536
            ? (first, last)
            : throw new FormatException("expected FIRST-LAST");
    }
}

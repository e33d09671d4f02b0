using System.CommandLine;
using Dataplane.Cli.Cluster;
using Dataplane.Proxy;
using Microsoft.Extensions.Logging;

namespace Dataplane.Cli.Commands;

/// <summary><c>dataplane up</c>: a cluster on this machine, in the foreground until Ctrl-C.</summary>
internal static class UpCommand
{
    internal static Command Create()
    {
        var nodes = ClusterArguments.Nodes();
        var mode = new Option<string>("--proxy-mode") { Description = $"How Services are forwarded: {string.Join(", ", ProxyModes.Names)}.", DefaultValueFactory = _ => "nftables" };
        var kubeConfig = new Option<string?>("--kubeconfig") { Description = "Where to write the administrator's kubeconfig; admin.kubeconfig in the data directory by default." };
        var port = new Option<int>("--api-port") { Description = "Port of the API server on 127.0.0.1; 0 takes a free one.", DefaultValueFactory = _ => AddressPlan.ApiPort };
        var store = new Option<string>("--store") { Description = "Where objects are kept: sqlite or memory.", DefaultValueFactory = _ => "sqlite" };
        var manifests = new Option<string[]>("-f", "--filename") { Description = "Manifests to create once the nodes are Ready; a file or a folder, and may be repeated." };
        var runtime = RuntimeArguments.Name();
        var endpoint = RuntimeArguments.Endpoint();
        var pause = RuntimeArguments.SandboxImage();
        var command = new Command("up", "Run a cluster of network namespaces on this machine until Ctrl-C.")
        {
            nodes, mode, DownCommand.DataDirectory, kubeConfig, port, store, manifests, runtime, endpoint, pause,
        };
        command.SetBody(async (arguments, cancellation) =>
        {
            CommandErrors.RequireRoot("up");
            var options = new ClusterOptions
            {
                Nodes = ClusterArguments.Checked(arguments.GetValue(nodes)),
                ProxyMode = ClusterArguments.CheckedMode(arguments.GetValue(mode)!),
                DataDirectory = Path.GetFullPath(arguments.GetValue(DownCommand.DataDirectory)!),
                KubeConfig = arguments.GetValue(kubeConfig),
                ApiPort = arguments.GetValue(port),
                Store = arguments.GetValue(store)!,
                ContainerRuntime = arguments.GetValue(runtime)!,
                ContainerRuntimeEndpoint = arguments.GetValue(endpoint)!,
                PodInfraContainerImage = arguments.GetValue(pause)!,
            };
            var documents = Manifests.Read(arguments.GetValue(manifests) ?? []);
            using var loggers = CommandLog.Create(arguments);
            await using var cluster = await LocalCluster.StartAsync(options, loggers, cancellation);
            await Console.Error.WriteLineAsync(
                $"{options.Nodes} nodes Ready after {cluster.ReadyAfter.TotalMilliseconds:0} ms\nexport KUBECONFIG={cluster.KubeConfigPath}");
            await Manifests.CreateAsync(cluster.Client, documents, cancellation);
            await Task.Delay(Timeout.Infinite, cancellation);
            return 0;
        });
        return command;
    }
}

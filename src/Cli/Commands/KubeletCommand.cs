using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using Dataplane.Api.Client;
using Dataplane.Kubelet;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink;
using Microsoft.Extensions.Logging;

namespace Dataplane.Cli.Commands;

/// <summary><c>dataplane kubelet</c>: the agent of one node. Flags have upstream's names where upstream has them.</summary>
internal static class KubeletCommand
{
    public static Command Create()
    {
        var kubeConfig = new Option<string>("--kubeconfig") { Description = "How to reach the API server.", Required = true };
        var name = new Option<string>("--hostname-override") { Description = "The node's name.", DefaultValueFactory = _ => Environment.MachineName.ToLowerInvariant() };
        var address = new Option<IPAddress[]>("--node-ip") { Description = "The node's address, or one of each family, separated by a comma.", Required = true, CustomParser = ParseList<IPAddress> };
        var podCidr = new Option<IPNetwork[]>("--pod-cidr") { Description = "Where pod addresses come from: 10.244.1.0/24, or a range of each family.", Required = true, CustomParser = ParseList<IPNetwork> };
        var network = new KubeletNetworkArguments();
        var server = new KubeletServerArguments();
        var dns = new Option<string[]>("--cluster-dns") { Description = "Name servers of pods; may be repeated.", DefaultValueFactory = _ => [] };
        var domain = new Option<string>("--cluster-domain") { Description = "The cluster's domain.", DefaultValueFactory = _ => "cluster.local" };
        var root = new Option<string>("--root-dir") { Description = "Where the agent keeps its files.", DefaultValueFactory = _ => "/var/lib/dataplane/kubelet" };
        var images = new Option<string[]>("--image") { Description = "NAME=PATH: an image from a directory or a tar archive, or 'host'; may be repeated.", DefaultValueFactory = _ => [] };
        var port = new Option<int>("--port") { Description = "HTTPS port of the agent's API.", DefaultValueFactory = _ => 10250 };
        var pods = new Option<int>("--max-pods") { Description = "Most pods on this node.", DefaultValueFactory = _ => 110 };
        var manifests = new Option<string?>("--pod-manifest-path") { Description = "A directory, or a file, with pods that this node runs whatever the server says." };
        var netns = new Option<string?>("--netns") { Description = "Name of the node's network namespace under /run/netns; the process's own by default." };
        var runtime = RuntimeArguments.Name();
        var endpoint = RuntimeArguments.Endpoint();
        var pause = RuntimeArguments.SandboxImage();
        var processes = new Option<long>("--pod-max-pids") { Description = "Most processes in a container; -1 is no limit.", DefaultValueFactory = _ => -1 };
        var seccomp = new Option<bool>("--seccomp-default") { Description = "Give containers that ask for no seccomp profile the runtime's default one.", DefaultValueFactory = _ => true };
        var command = new Command("kubelet", "Run one node's agent: registers the node and runs its pods.")
        {
            kubeConfig, name, address, podCidr, dns, domain, root, images, port, pods, manifests, netns, runtime, endpoint, pause, processes, seccomp,
        };
        network.AddTo(command);
        server.AddTo(command);
        command.SetAction((arguments, cancellation) => RunAsync(
            () => server.ApplyTo(arguments, network.ApplyTo(arguments, new KubeletOptions
            {
                KubeConfig = KubeConfig.Load(arguments.GetValue(kubeConfig)!),
                NodeName = arguments.GetValue(name)!,
                NodeIP = arguments.GetValue(address)![0],
                SecondaryNodeIP = arguments.GetValue(address)!.ElementAtOrDefault(1),
                PodCidr = arguments.GetValue(podCidr)![0],
                SecondaryPodCidr = arguments.GetValue(podCidr) is [_, var second] ? second : null,
                ClusterDns = [.. arguments.GetValue(dns)!.Select(IPAddress.Parse)],
                ClusterDomain = arguments.GetValue(domain)!,
                RootDirectory = arguments.GetValue(root)!,
                Images = arguments.GetValue(images)!.Select(Image).ToDictionary(pair => pair.Key, pair => pair.Value),
                Port = arguments.GetValue(port),
                MaxPods = arguments.GetValue(pods),
                StaticPodPath = arguments.GetValue(manifests) is { } path ? Path.GetFullPath(path) : null,
                ContainerRuntime = arguments.GetValue(runtime)!,
                ContainerRuntimeEndpoint = arguments.GetValue(endpoint)!,
                PodInfraContainerImage = arguments.GetValue(pause)!,
                PodPidsLimit = arguments.GetValue(processes),
                SeccompDefault = arguments.GetValue(seccomp),
                Namespace = arguments.GetValue(netns) is { } node ? NetworkNamespace.Open(node) : null,
            })),
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(Func<KubeletOptions> configure, CancellationToken cancellation)
    {
        using var loggers = LoggerFactory.Create(builder => builder.AddSimpleConsole(console => console.SingleLine = true).AddFilter("Microsoft", LogLevel.Warning));
        try
        {
            var options = configure();
            using var node = options.Namespace;
            await using var agent = await NodeAgent.StartAsync(options, loggers, cancellation);
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return 0;
        }
        catch (Exception problem) when (problem is KubeConfigException or IOException or ArgumentException or FormatException or NetlinkException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"kubelet: {problem.Message}");
            return 1;
        }
    }

    /// <summary>One, or one of each address family.</summary>
    private static T[] ParseList<T>(ArgumentResult result)
        where T : IParsable<T>
    {
        var texts = result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.TrimEntries)).ToArray();
        var values = new List<T>();
        foreach (var text in texts)
        {
            if (T.TryParse(text, null, out var value))
            {
                values.Add(value);
            }
        }

        if (values.Count != texts.Length || values.Count is < 1 or > 2)
        {
            result.AddError($"{result.Argument.Name}: \"{string.Join(',', texts)}\" is not valid");
        }

        return [.. values];
    }

    private static KeyValuePair<string, string> Image(string text) => text.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } path]
        ? KeyValuePair.Create(name, path)
        : throw new ArgumentException($"--image: \"{text}\" is not NAME=PATH");
}

using System.Net;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane;
using Dataplane.TestKit;

namespace Dataplane.Kubelet.Tests.Lifecycle;

/// <summary>An API server and one node with an agent, all in this process; the node is a namespace of its own.</summary>
public class NodeFixture : IAsyncLifetime
{
    internal const string NodeName = "node-t";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly TestNetwork _network = new();
    private readonly string _root = Directory.CreateTempSubdirectory("dp-t-").FullName;
    private ControlPlaneServer? _server;

    internal KubernetesClient Client { get; private set; } = null!;

    internal NodeAgent Agent { get; private set; } = null!;

    internal TestHost Host { get; private set; } = null!;

    internal KubeConfig KubeConfig => _server!.KubeConfig;

    internal string KubeConfigPath => _server!.KubeConfigPath!;

    internal string Manifests => Path.Combine(_root, "manifests");

    internal string Root => Path.Combine(_root, "node");

    public async ValueTask InitializeAsync()
    {
        Host = _network.AddHost("node");
        _server = await ControlPlaneServer.StartAsync(
            new ControlPlaneOptions
            {
                Listen = [new ListenAddress(new IPEndPoint(IPAddress.Loopback, 0))],
                Store = "memory",
                KubeConfigPath = Path.Combine(_root, "kubeconfig"),
                KubeletDialer = async (target, cancellation) =>
                {
                    var socket = Machine.Invoke(static () => new System.Net.Sockets.Socket(
                        System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp));
                    await socket.ConnectAsync(target, cancellation);
                    return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
                },
            },
            new OutputLoggers(), default);
        Client = new KubernetesClient(_server.KubeConfig);
        Agent = await StartAgentAsync();
    }

    /// <summary>The node's network namespace.</summary>
    internal virtual Linux.Namespaces.NetworkNamespace Machine => Host.Namespace;

    /// <summary>For a node that is not like the others.</summary>
    internal virtual KubeletOptions Change(KubeletOptions options) => options;

    internal Task<NodeAgent> StartAgentAsync() => NodeAgent.StartAsync(
        Change(new KubeletOptions
        {
            KubeConfig = _server!.KubeConfig,
            NodeName = NodeName,
            NodeIP = IPAddress.Loopback,
            PodCidr = IPNetwork.Parse("10.244.77.0/24"),
            ClusterDns = [IPAddress.Parse("10.96.0.10")],
            Namespace = Machine,
            RootDirectory = Root,
            Images = new Dictionary<string, string> { ["bare"] = Directory.CreateDirectory(Path.Combine(_root, "bare")).FullName },
            RemovePodsOnStop = true,
            StaticPodPath = Directory.CreateDirectory(Manifests).FullName,
        }),
        new OutputLoggers(), default);

    internal async Task RestartAgentAsync()
    {
        await Agent.DisposeAsync();
        Agent = await StartAgentAsync();
    }

    internal async Task<Pod> CreateAsync(Pod pod) => await Client.CreateAsync(pod);

    internal static Pod Pod(string name, params Container[] containers) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "default" },
        Spec = new PodSpec { NodeName = NodeName, Containers = [.. containers], TerminationGracePeriodSeconds = 1 },
    };

    internal static Container Shell(string name, string script) => new() { Name = name, Image = "busybox", Command = ["/bin/sh", "-c", script] };

    /// <summary>Follows a pod until it is as wanted.</summary>
    internal async Task<Pod> WaitAsync(string name, Func<Pod, bool> wanted, bool mayBeAbsent = false)
    {
        using var limit = new CancellationTokenSource(Limit);
        Pod? last = null;
        try
        {
            while (true)
            {
                last = mayBeAbsent ? await TryGetAsync(name, limit.Token) : await Client.GetAsync<Pod>("default", name, limit.Token);
                if (last is not null && wanted(last))
                {
                    return last;
                }

                await Task.Delay(20, limit.Token);
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"pod {name}: {System.Text.Encoding.UTF8.GetString(ApiJson.Serialize(last ?? new Pod()))}");
        }
    }

    private async Task<Pod?> TryGetAsync(string name, CancellationToken cancellation)
    {
        try
        {
            return await Client.GetAsync<Pod>("default", name, cancellation);
        }
        catch (ApiException refusal) when (refusal.IsNotFound)
        {
            return null;
        }
    }

    internal async Task WaitGoneAsync(string name)
    {
        try
        {
            await WaitAsync(name, static _ => false);
        }
        catch (ApiException refusal) when (refusal.IsNotFound)
        {
            // As wanted.
        }
    }

    /// <summary>Waits for an event about a pod.</summary>
    internal async Task<Event> EventAsync(string pod, Func<Event, bool> wanted)
    {
        using var limit = new CancellationTokenSource(Limit);
        IReadOnlyList<Event> all = [];
        try
        {
            while (true)
            {
                all = (await Client.ListAsync<Event>(new ListOptions { Namespace = "default", FieldSelector = $"involvedObject.name={pod}" }, limit.Token)).Items;
                if (all.FirstOrDefault(wanted) is { } found)
                {
                    return found;
                }

                await Task.Delay(50, limit.Token);
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"events of {pod}: {string.Join("; ", all.Select(one => $"{one.Type} {one.Reason} {one.Message}"))}");
        }
    }

    /// <summary>The log once it has some text in it.</summary>
    internal async Task<string> LogWithAsync(string pod, string wanted, string query = "")
    {
        using var limit = new CancellationTokenSource(Limit);
        var log = "";
        try
        {
            while (!log.Contains(wanted, StringComparison.Ordinal))
            {
                await Task.Delay(20, limit.Token);
                log = await LogAsync(pod, query);
            }

            return log;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"log of {pod}: {log}");
        }
    }

    /// <summary>The log as kubectl gets it: through the API server from the agent's own port.</summary>
    internal async Task<string> LogAsync(string pod, string query = "")
    {
        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = static (_, _, _, _) => true };
        if (KubeConfig.ClientCertificate is { } certificate)
        {
            handler.ClientCertificates.Add(certificate);
        }

        using var http = new HttpClient(handler);
        if (KubeConfig.Token is { } token)
        {
            http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        }

        using var response = await http.GetAsync(new Uri(KubeConfig.Server, $"api/v1/namespaces/default/pods/{pod}/log{query}"));
        return await response.Content.ReadAsStringAsync();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Agent is not null)
        {
            await Agent.DisposeAsync();
        }

        Client?.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _network.Dispose();
        Directory.Delete(_root, recursive: true);
    }
}

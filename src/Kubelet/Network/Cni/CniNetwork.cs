using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Route;

namespace Dataplane.Kubelet.Network.Cni;

/// <summary>Pods are connected by the plugins of a CNI configuration directory, as a cluster's network provider puts it on its nodes.</summary>
/// <remarks>Source: the Container Network Interface specification 1.1.0.</remarks>
internal sealed class CniNetwork : IPodNetwork
{
    private const int LoopbackIndex = 1;

    private readonly CniNetworkOptions _options;
    private readonly CniPlugin _plugin;
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _gates = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _reconciled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal CniNetwork(CniNetworkOptions options)
    {
        _options = options;
        _plugin = new CniPlugin(options.BinDirectories, options.Node);
        Directory.CreateDirectory(options.Attachments);
    }

    /// <inheritdoc/>
    public string? NotReady => CniConfiguration.Load(_options.ConfigurationDirectory, out _) is null
        ? "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"
        : null;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<IPAddress>> ConnectAsync(PodNetworkRequest pod, NetworkNamespace sandbox, CancellationToken cancellation)
    {
        await _reconciled.Task.WaitAsync(cancellation);
        var configuration = CniConfiguration.Load(_options.ConfigurationDirectory, out var problem) ?? throw new CniException($"cni plugin not initialized: {problem}");
        using (var inside = RouteConnection.Open(sandbox))
        {
            inside.SetUp(LoopbackIndex);
        }

        var started = Stopwatch.GetTimestamp();
        using var turn = await EnterAsync(pod.Uid, cancellation);
        var attachment = new CniAttachment(
            pod.Uid, Path.Combine(NetworkNamespace.Directory, sandbox.Name), ArgumentsOf(pod), CniCapabilities.Of(pod, _options.PodCidrs), configuration.ToJson(), null);

        // Before the plugins run: what a killed agent's plugins made is undone by the next one.
        attachment.Write(FileOf(pod.Uid));
        try
        {
            var result = await AddAsync(configuration, attachment, cancellation);
            (attachment with { Result = result }).Write(FileOf(pod.Uid));
            var addresses = CniResult.Addresses(result);
            _options.SetUpDone(Stopwatch.GetElapsedTime(started));
            return addresses;
        }
        catch (CniException)
        {
            await UndoAsync(attachment);
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<IPAddress>> AdoptAsync(PodNetworkRequest pod, NetworkNamespace sandbox, CancellationToken cancellation)
    {
        using var turn = await EnterAsync(pod.Uid, cancellation);
        using var inside = RouteConnection.Open(sandbox);
        if (CniAttachment.Read(FileOf(pod.Uid)) is not { Result: { } result } attachment || inside.FindLink(PodNetwork.PodDevice) is null)
        {
            return [];
        }

        var configuration = CniConfiguration.Parse(System.Text.Encoding.UTF8.GetBytes(attachment.Configuration.ToJsonString()));
        if (configuration.Version >= CniConfiguration.WithCheck && !configuration.DisableCheck)
        {
            try
            {
                foreach (var plugin in configuration.Plugins)
                {
                    await CallAsync("CHECK", configuration, plugin, attachment, result, cancellation);
                }
            }
            catch (CniException problem)
            {
                // For the node's log: a pod is not restarted because a plugin would do something differently today.
                _options.Problem(problem.Message);
            }
        }

        return CniResult.Addresses(result);
    }

    /// <inheritdoc/>
    public async Task DisconnectAsync(string uid)
    {
        using (await EnterAsync(uid, CancellationToken.None))
        {
            if (CniAttachment.Read(FileOf(uid)) is { } attachment)
            {
                await DeleteAsync(attachment);
            }

            File.Delete(FileOf(uid));
        }

        _gates.TryRemove(uid, out _);
    }

    /// <inheritdoc/>
    public void Reconcile(IReadOnlyCollection<Pod> pods) => _ = ReconcileAsync(pods.Select(pod => pod.Metadata.UID).ToHashSet(StringComparer.Ordinal));

    /// <inheritdoc/>
    public void Observe(string uid, Pod? pod)
    {
        // The plugins' address management decides when an address is free.
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var gate in _gates.Values)
        {
            gate.Dispose();
        }
    }

    private static string ArgumentsOf(PodNetworkRequest pod) =>
        $"IgnoreUnknown=1;K8S_POD_NAMESPACE={pod.Namespace};K8S_POD_NAME={pod.Name};K8S_POD_INFRA_CONTAINER_ID={ContainerIdOf(pod.Uid)};K8S_POD_UID={pod.Uid}";

    /// <summary>Of a pod's sandbox: letters, digits and dashes, as the specification wants it.</summary>
    private static string ContainerIdOf(string uid) => uid;

    private string FileOf(string uid) => Path.Combine(_options.Attachments, uid + ".json");

    /// <summary>Pods of whom nothing is known any more are disconnected, and the plugins told who is left (GC).</summary>
    private async Task ReconcileAsync(HashSet<string> known)
    {
        try
        {
            foreach (var uid in Directory.EnumerateFiles(_options.Attachments, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).Where(uid => !known.Contains(uid)).ToArray())
            {
                try
                {
                    await DisconnectAsync(uid);
                }
                catch (CniException problem)
                {
                    _options.Problem(problem.Message);
                }
            }

            if (CniConfiguration.Load(_options.ConfigurationDirectory, out _) is { DisableGC: false } configuration && configuration.Version >= CniConfiguration.WithStatus)
            {
                await CollectAsync(configuration, known);
            }
        }
        finally
        {
            _reconciled.TrySetResult();
        }
    }

    private async Task CollectAsync(CniConfiguration configuration, HashSet<string> known)
    {
        foreach (var plugin in configuration.Plugins)
        {
            try
            {
                var input = configuration.InputOf(plugin);
                input["cni.dev/valid-attachments"] = new JsonArray(
                    [.. known.Select(uid => new JsonObject { ["containerID"] = ContainerIdOf(uid), ["ifname"] = PodNetwork.PodDevice })]);
                await _plugin.RunAsync($"{plugin["type"]}", new CniCall("GC"), input, CancellationToken.None);
            }
            catch (CniException problem)
            {
                _options.Problem(problem.Message);
            }
        }
    }

    private async Task<JsonObject> AddAsync(CniConfiguration configuration, CniAttachment attachment, CancellationToken cancellation)
    {
        JsonObject? result = null;
        foreach (var plugin in configuration.Plugins)
        {
            result = await CallAsync("ADD", configuration, plugin, attachment, result, cancellation) ?? result;
        }

        return result ?? throw new CniException("the plugins answered nothing");
    }

    /// <summary>In reverse, with the last result. A plugin that fails keeps the ones before it from running, as there it must be tried again.</summary>
    private async Task DeleteAsync(CniAttachment attachment)
    {
        var configuration = CniConfiguration.Parse(System.Text.Encoding.UTF8.GetBytes(attachment.Configuration.ToJsonString()));
        var result = configuration.Version >= CniConfiguration.WithCheck ? attachment.Result : null;
        if (!File.Exists(attachment.Namespace))
        {
            attachment = attachment with { Namespace = "" };
        }

        foreach (var plugin in configuration.Plugins.Reverse())
        {
            await CallAsync("DEL", configuration, plugin, attachment, result, CancellationToken.None);
        }
    }

    private async Task UndoAsync(CniAttachment attachment)
    {
        try
        {
            await DeleteAsync(attachment);
        }
        catch (CniException problem)
        {
            // The failure to connect is what the pod's event tells.
            _options.Problem(problem.Message);
        }
    }

    private Task<JsonObject?> CallAsync(
        string command, CniConfiguration configuration, JsonObject plugin, CniAttachment attachment, JsonObject? previous, CancellationToken cancellation)
    {
        var input = configuration.InputOf(plugin);
        if (previous is not null)
        {
            input["prevResult"] = previous.DeepClone();
        }

        if (CniCapabilities.For(plugin, attachment.Capabilities) is { Count: > 0 } capabilities)
        {
            input["runtimeConfig"] = capabilities;
        }

        return _plugin.RunAsync(
            $"{plugin["type"]}", new CniCall(command, ContainerIdOf(attachment.Uid), attachment.Namespace, attachment.Arguments), input, cancellation);
    }

    /// <summary>One call after the other for a pod, as the specification wants; different pods do not wait for one another.</summary>
    private async Task<Turn> EnterAsync(string uid, CancellationToken cancellation)
    {
        var gate = _gates.GetOrAdd(uid, static _ => new SemaphoreSlim(1));
        await gate.WaitAsync(cancellation);
        return new Turn(gate);
    }

    private readonly struct Turn(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}

/// <summary>Where a node's plugins and their configuration are.</summary>
internal sealed record CniNetworkOptions
{
    /// <summary>The node's namespace; null is the process's own.</summary>
    public NetworkNamespace? Node { get; init; }

    public required string ConfigurationDirectory { get; init; }

    public required IReadOnlyList<string> BinDirectories { get; init; }

    /// <summary>The directory of what is connected, a file for each pod.</summary>
    public required string Attachments { get; init; }

    /// <summary>For plugins with the capability <c>ipRanges</c>.</summary>
    public IReadOnlyList<IPNetwork> PodCidrs { get; init; } = [];

    /// <summary>Told how long each set-up took.</summary>
    public Action<TimeSpan> SetUpDone { get; init; } = static _ => { };

    /// <summary>Told of failures that are nobody's event.</summary>
    public Action<string> Problem { get; init; } = static _ => { };
}

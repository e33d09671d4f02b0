using System.Text;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Kubelet.Network;
using Microsoft.Extensions.Logging;

namespace Dataplane.Kubelet.Nodes;

/// <summary>The node's object and its lease: made at start, renewed while the agent runs.</summary>
internal sealed class NodeRegistration(
    KubernetesClient client, KubeletOptions options, RuntimeHealth runtime, IPodNetwork network, IReadOnlyDictionary<string, string>? annotations, int port, TimeProvider time, ILogger logger)
{
    private const string LeaseNamespace = "kube-node-lease";
    private const int LeaseSeconds = 40;
    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StatusEvery = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestRetryDelay = TimeSpan.FromSeconds(7);

    /// <summary>Tries until the server has taken the node and its status.</summary>
    internal async Task RegisterAsync(CancellationToken cancellation)
    {
        var delay = RetryDelay;
        while (true)
        {
            try
            {
                await UpdateStatusAsync(await CreateAsync(cancellation), cancellation);
                Log.Registered(logger, options.NodeName, client.Server);
                return;
            }
            catch (Exception failure) when (failure is ApiException or HttpRequestException or IOException)
            {
                Log.Retrying(logger, options.NodeName, "registering", failure.Message);
                await Task.Delay(delay, time, cancellation);
                delay = delay * 2 < LongestRetryDelay ? delay * 2 : LongestRetryDelay;
            }
        }
    }

    /// <summary>Renews the lease every 10 s and the status every 5 minutes, until cancelled.</summary>
    internal async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(RenewEvery, time);
        var statusDue = time.GetUtcNow() + StatusEvery;
        try
        {
            do
            {
                try
                {
                    await RenewLeaseAsync(cancellation);

                    // A node taken for dead in a silence is told alive again by its status only.
                    if (time.GetUtcNow() >= statusDue || await IsReadyAsync(cancellation) != (NotReady is null))
                    {
                        statusDue = time.GetUtcNow() + StatusEvery;
                        await UpdateStatusAsync(await CreateAsync(cancellation), cancellation);
                    }
                }
                catch (Exception failure) when (failure is ApiException or HttpRequestException or IOException)
                {
                    Log.Retrying(logger, options.NodeName, "renewing the lease", failure.Message);
                }
            }
            while (await timer.WaitForNextTickAsync(cancellation));
        }
        catch (OperationCanceledException)
        {
            // The agent stops; the lease runs out by itself.
        }
    }

    private async Task<Node> CreateAsync(CancellationToken cancellation)
    {
        try
        {
            var existing = await client.GetAsync<Node>("", options.NodeName, cancellation);
            var labels = NodeDescription.Labels(options.NodeName);
            return Has(existing.Metadata.Labels, labels) && Has(existing.Metadata.Annotations, Annotations)
                ? existing
                : await LabelAsync(labels, cancellation);
        }
        catch (ApiException refusal) when (refusal.IsNotFound)
        {
            return await client.CreateAsync(
                new Node
                {
                    Metadata = new ObjectMeta { Name = options.NodeName, Labels = NodeDescription.Labels(options.NodeName), Annotations = new Dictionary<string, string>(Annotations) },
                    Spec = new NodeSpec { PodCIDR = options.PodCidr.ToString(), PodCIDRs = [.. options.PodCidrs.Select(one => one.ToString())] },
                },
                cancellation);
        }
    }

    private string? NotReady => (runtime.NotReady, network.NotReady) switch
    {
        ({ } one, { } other) => $"[{one}, {other}]",
        var (one, other) => one ?? other,
    };

    private IReadOnlyDictionary<string, string> Annotations => annotations ?? new Dictionary<string, string>();

    private static bool Has(Dictionary<string, string> all, IReadOnlyDictionary<string, string> some) => some.All(own => all.GetValueOrDefault(own.Key) == own.Value);

    private Task<Node> LabelAsync(Dictionary<string, string> labels, CancellationToken cancellation)
    {
        var members = new JsonObject(labels.Select(pair => KeyValuePair.Create<string, JsonNode?>(pair.Key, pair.Value)));
        var notes = new JsonObject(Annotations.Select(pair => KeyValuePair.Create<string, JsonNode?>(pair.Key, pair.Value)));
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = members, ["annotations"] = notes } };
        return client.PatchAsync<Node>(
            new NamespacedName("", options.NodeName), PatchType.Merge, Encoding.UTF8.GetBytes(patch.ToJsonString()), cancellationToken: cancellation);
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellation)
    {
        try
        {
            var node = await client.GetAsync<Node>("", options.NodeName, cancellation);
            return node.Status.Conditions.Exists(condition => condition is { Type: "Ready", Status: "True" });
        }
        catch (ApiException failure) when (failure.IsNotFound)
        {
            return false;
        }
    }

    private Task UpdateStatusAsync(Node node, CancellationToken cancellation)
    {
        var status = NodeDescription.Status(options, runtime.Version, NotReady, port, node.Status.Conditions, time.GetUtcNow());

        // Conditions that other programs set stay.
        var foreign = node.Status.Conditions.Where(other => !status.Conditions.Exists(own => own.Type == other.Type));
        status = status with { Conditions = [.. status.Conditions, .. foreign] };
        var patch = new JsonObject { ["status"] = JsonNode.Parse(ApiJson.Serialize(status)) };
        return client.PatchAsync<Node>(
            new NamespacedName("", options.NodeName), PatchType.Merge, Encoding.UTF8.GetBytes(patch.ToJsonString()), "status", cancellation);
    }

    private async Task RenewLeaseAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var name = new NamespacedName(LeaseNamespace, options.NodeName);
        try
        {
            var lease = await client.GetAsync<Lease>(name, cancellation);
            var spec = lease.Spec with { HolderIdentity = options.NodeName, LeaseDurationSeconds = LeaseSeconds, RenewTime = now };
            await client.UpdateAsync(lease with { Spec = spec }, cancellationToken: cancellation);
        }
        catch (ApiException refusal) when (refusal.IsNotFound)
        {
            await client.CreateAsync(
                new Lease
                {
                    Metadata = new ObjectMeta { Namespace = LeaseNamespace, Name = options.NodeName },
                    Spec = new LeaseSpec { HolderIdentity = options.NodeName, LeaseDurationSeconds = LeaseSeconds, RenewTime = now },
                },
                cancellation);
        }
    }
}

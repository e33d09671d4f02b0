using System.Collections.Concurrent;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Dataplane.ControlPlane.Controllers.Pods;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.PodCollection;

/// <summary>
/// Deletes pods that nobody else does: ended ones beyond a number, those of nodes that are gone, those being deleted that have no
/// node to end them. Looks at all pods every twenty seconds.
/// </summary>
internal sealed class PodCollector : Controller
{
    private static readonly NamespacedName AllPods = new("", "pods");
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);

    /// <summary>A node may be registered again: its pods wait this long.</summary>
    private static readonly TimeSpan Quarantine = TimeSpan.FromSeconds(40);

    private readonly KubernetesClient _client;
    private readonly Lister<Pod> _pods;
    private readonly Lister<Node> _nodes;
    private readonly ConcurrentDictionary<string, DateTimeOffset> _goneSince = [];
    private readonly int _maxEnded;

    /// <param name="client">The server.</param>
    /// <param name="informers">The caches.</param>
    /// <param name="maxEnded">Ended pods that may lie about; 0 for any number.</param>
    /// <param name="logger">Takes failures.</param>
    /// <param name="time">The clock.</param>
    public PodCollector(KubernetesClient client, SharedInformers informers, int maxEnded, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _maxEnded = maxEnded > 0 ? maxEnded : int.MaxValue;
        _pods = informers.Of<Pod>();
        _nodes = informers.Of<Node>();
        Queue.Add(AllPods);
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        Queue.AddAfter(key, Interval);
        var pods = _pods.All.ToList();
        foreach (var pod in Surplus(pods, _maxEnded))
        {
            await DeleteAsync(pod, cancellationToken).ConfigureAwait(false);
        }

        foreach (var pod in pods.Where(pod => pod.Metadata.DeletionTimestamp is not null && string.IsNullOrEmpty(pod.Spec.NodeName)))
        {
            await DeleteAsync(pod, cancellationToken).ConfigureAwait(false);
        }

        foreach (var node in await GoneAsync(pods, cancellationToken).ConfigureAwait(false))
        {
            foreach (var pod in pods.Where(pod => pod.Spec.NodeName == node))
            {
                await DeleteOrphanAsync(pod, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The ended pods beyond a number: evicted ones first, then the oldest.</summary>
    internal static IEnumerable<Pod> Surplus(IEnumerable<Pod> pods, int keep)
    {
        var ended = pods.Where(pod => pod.Status.Phase is "Succeeded" or "Failed").ToList();
        return ended
            .OrderBy(pod => pod.Status is { Phase: "Failed", Reason: "Evicted" } ? 0 : 1)
            .ThenBy(pod => pod.Metadata.CreationTimestamp)
            .ThenBy(pod => pod.Metadata.Name, StringComparer.Ordinal)
            .Take(Math.Max(0, ended.Count - keep));
    }

    /// <summary>Nodes that pods are on and that have been gone for long enough, which the server confirms.</summary>
    private async Task<List<string>> GoneAsync(List<Pod> pods, CancellationToken cancellationToken)
    {
        var now = Time.GetUtcNow();
        var missing = pods.Select(pod => pod.Spec.NodeName ?? "").Where(name => name.Length > 0).Distinct()
            .Where(name => !_nodes.TryGet(new NamespacedName("", name), out _)).ToHashSet();
        foreach (var known in _goneSince.Keys.Where(name => !missing.Contains(name)))
        {
            _goneSince.TryRemove(known, out _);
        }

        var gone = new List<string>();
        foreach (var name in missing)
        {
            if (now - _goneSince.GetOrAdd(name, now) >= Quarantine && !await ExistsAsync(name, cancellationToken).ConfigureAwait(false))
            {
                gone.Add(name);
            }
        }

        return gone;
    }

    private async Task<bool> ExistsAsync(string node, CancellationToken cancellationToken)
    {
        try
        {
            await _client.GetAsync<Node>("", node, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (ApiException error) when (error.IsNotFound)
        {
            return false;
        }
    }

    /// <summary>Says why first: a job's podFailurePolicy may tell a lost node from a failure.</summary>
    private async Task DeleteOrphanAsync(Pod pod, CancellationToken cancellationToken)
    {
        if (pod.Status.Phase is "Succeeded" or "Failed")
        {
            await DeleteAsync(pod, cancellationToken).ConfigureAwait(false);
            return;
        }

        await PodDisruption.DeleteAsync(
            _client, pod, "DeletionByPodGC", "PodGC: node no longer exists", new DeleteOptions { GracePeriodSeconds = 0 }, Time.GetUtcNow(), cancellationToken, "Failed")
            .ConfigureAwait(false);
    }

    private async Task DeleteAsync(Pod pod, CancellationToken cancellationToken)
    {
        var options = new DeleteOptions { GracePeriodSeconds = 0, Preconditions = new Preconditions { UID = pod.Metadata.UID } };
        try
        {
            await _client.DeleteAsync<Pod>(NamespacedName.Of(pod), options, cancellationToken).ConfigureAwait(false);
        }
        catch (ApiException error) when (error.IsNotFound || error.IsConflict)
        {
            // Gone is what it should be.
        }
    }
}

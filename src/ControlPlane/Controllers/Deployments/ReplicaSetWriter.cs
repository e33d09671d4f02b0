using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;

namespace Dataplane.ControlPlane.Controllers.Deployments;

/// <summary>Creates and sizes the ReplicaSets of deployments.</summary>
internal sealed class ReplicaSetWriter(KubernetesClient client, OwnWrites<ReplicaSet> sets, EventRecorder events)
{
    /// <summary>The ReplicaSet of a deployment's template: by its hash, or, when somebody else named it, by comparison.</summary>
    public static ReplicaSet? FindNewest(Deployment deployment, List<ReplicaSet> sets, string hash) =>
        sets.Find(set => set.Metadata.Name == $"{deployment.Metadata.Name}-{hash}")
        ?? sets.OrderBy(set => set.Metadata.CreationTimestamp).FirstOrDefault(
            set => PodTemplateHash.SameTemplate(set.Spec.Template, deployment.Spec.Template));

    /// <summary>A set as of the last write.</summary>
    public ReplicaSet? Current(ReplicaSet? set) =>
        set is null ? null : sets.In(set.Metadata.Namespace).Find(candidate => candidate.Metadata.UID == set.Metadata.UID) ?? set;

    /// <summary>Creates the newest ReplicaSet or brings its annotations up to date.</summary>
    public async Task<(ReplicaSet Set, bool Created)> EnsureNewestAsync(
        Deployment deployment, ReplicaSet? newest, IReadOnlyList<ReplicaSet> old, string hash, CancellationToken cancellationToken)
    {
        var lastRevision = old.Select(set => Annotations.Number(set.Metadata, Annotations.Revision)).DefaultIfEmpty().Max();
        if (newest is not null)
        {
            var revision = Math.Max(Annotations.Number(newest.Metadata, Annotations.Revision), lastRevision + 1);
            var annotations = Annotations.ForNewest(deployment, newest, revision);
            var changes = annotations.Where(pair => newest.Metadata.Annotations.GetValueOrDefault(pair.Key) != pair.Value).ToDictionary();
            var delay = deployment.Spec.MinReadySeconds ?? 0;
            if (changes.Count > 0 || (newest.Spec.MinReadySeconds ?? 0) != delay)
            {
                newest = await PatchAsync(newest, changes, new JsonObject { ["minReadySeconds"] = delay }, cancellationToken).ConfigureAwait(false);
            }

            return (newest, false);
        }

        var set = New(deployment, old, hash, lastRevision + 1);
        try
        {
            set = sets.Wrote(await client.CreateAsync(set, cancellationToken).ConfigureAwait(false));
        }
        catch (ApiException error) when (error.IsAlreadyExists)
        {
            await OnNameTakenAsync(deployment, set, cancellationToken).ConfigureAwait(false);
            throw;
        }

        if (RolloutPlanner.Size(set) > 0)
        {
            events.Normal(deployment, "ScalingReplicaSet", $"Scaled up replica set {set.Metadata.Name} from 0 to {RolloutPlanner.Size(set)}");
        }

        return (set, true);
    }

    /// <summary>Gives ReplicaSets new sizes.</summary>
    /// <param name="deployment">Their owner, whose event it becomes.</param>
    /// <param name="newest">The set of the current template.</param>
    /// <param name="old">The others.</param>
    /// <param name="sizes">New sizes by uid.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task ResizeAsync(
        Deployment deployment, ReplicaSet? newest, IEnumerable<ReplicaSet> old, Dictionary<string, int> sizes, CancellationToken cancellationToken)
    {
        foreach (var set in newest is null ? old : old.Append(newest))
        {
            if (!sizes.TryGetValue(set.Metadata.UID, out var size))
            {
                size = RolloutPlanner.Size(set);
            }

            var annotations = Annotations.WithSizes(set.Metadata.Annotations, deployment);
            var changes = annotations.Where(pair => set.Metadata.Annotations.GetValueOrDefault(pair.Key) != pair.Value).ToDictionary();
            var before = RolloutPlanner.Size(set);
            if (size == before && (changes.Count == 0 || size == 0))
            {
                continue;
            }

            await PatchAsync(set, changes, new JsonObject { ["replicas"] = size }, cancellationToken).ConfigureAwait(false);
            if (size != before)
            {
                var direction = size > before ? "up" : "down";
                events.Normal(deployment, "ScalingReplicaSet", $"Scaled {direction} replica set {set.Metadata.Name} from {before} to {size}");
            }
        }
    }

    /// <summary>Copies the newest set's revision to its deployment, where <c>kubectl rollout history</c> reads it.</summary>
    public async Task<Deployment> NoteRevisionAsync(Deployment deployment, ReplicaSet? newest, CancellationToken cancellationToken)
    {
        var revision = newest?.Metadata.Annotations.GetValueOrDefault(Annotations.Revision);
        if (revision is null || deployment.Metadata.Annotations.GetValueOrDefault(Annotations.Revision) == revision)
        {
            return deployment;
        }

        var patch = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [Annotations.Revision] = revision } } };
        return await client.PatchAsync<Deployment>(
            NamespacedName.Of(deployment), PatchType.Merge, JsonSerializer.SerializeToUtf8Bytes(patch), cancellationToken: cancellationToken)
            .ConfigureAwait(false);
    }

    private static ReplicaSet New(Deployment deployment, IReadOnlyList<ReplicaSet> old, string hash, long revision)
    {
        var template = deployment.Spec.Template;
        var labels = new Dictionary<string, string>(template.Metadata.Labels) { [PodTemplateHash.Label] = hash };
        var limits = RolloutLimits.Of(deployment);
        var room = deployment.Spec.Strategy.Type == "Recreate" ? limits.Replicas : limits.Replicas + limits.MaxSurge - old.Sum(RolloutPlanner.Size);
        return new ReplicaSet
        {
            Metadata = new ObjectMeta
            {
                Name = $"{deployment.Metadata.Name}-{hash}",
                Namespace = deployment.Metadata.Namespace,
                Labels = labels,
                Annotations = Annotations.ForNewest(deployment, null, revision),
                OwnerReferences = [ControllerReference.To(deployment)],
            },
            Spec = new ReplicaSetSpec
            {
                Replicas = Math.Clamp(room, 0, limits.Replicas),
                MinReadySeconds = deployment.Spec.MinReadySeconds,
                Selector = deployment.Spec.Selector with
                {
                    MatchLabels = new Dictionary<string, string>(deployment.Spec.Selector.MatchLabels) { [PodTemplateHash.Label] = hash },
                },
                Template = template with { Metadata = template.Metadata with { Labels = labels } },
            },
        };
    }

    /// <summary>Another template with the same hash has the name: counting collisions changes the hash of the next try.</summary>
    private async Task OnNameTakenAsync(Deployment deployment, ReplicaSet set, CancellationToken cancellationToken)
    {
        var taken = await client.GetAsync<ReplicaSet>(NamespacedName.Of(set), cancellationToken).ConfigureAwait(false);
        if (ControllerReference.IsControlledBy(taken.Metadata, deployment.Metadata))
        {
            // Our own, only not in the cache yet.
            sets.Wrote(taken);
            return;
        }

        var status = deployment.Status with { CollisionCount = (deployment.Status.CollisionCount ?? 0) + 1 };
        await client.UpdateStatusAsync(deployment with { Status = status }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Patches rather than updates: the template may have fields this suite has no type for. The version makes it fail on a stale copy.
    /// </summary>
    private async Task<ReplicaSet> PatchAsync(
        ReplicaSet set, Dictionary<string, string> annotations, JsonObject spec, CancellationToken cancellationToken)
    {
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = set.Metadata.UID,
                ["resourceVersion"] = set.Metadata.ResourceVersion.ToString(CultureInfo.InvariantCulture),
                ["annotations"] = new JsonObject(annotations.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
            },
            ["spec"] = spec,
        };
        return sets.Wrote(await client
            .PatchAsync<ReplicaSet>(
                NamespacedName.Of(set), PatchType.Merge, JsonSerializer.SerializeToUtf8Bytes(patch), cancellationToken: cancellationToken)
            .ConfigureAwait(false));
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Api.Selectors;
using Dataplane.ControlPlane.Controllers.Machinery;
using Dataplane.ControlPlane.Controllers.Replicas;

namespace Dataplane.ControlPlane.Controllers.History;

/// <summary>The ControllerRevisions of DaemonSets and StatefulSets: one for each template they have had, counted up.</summary>
/// <param name="client">The API.</param>
/// <param name="revisions">Revisions with own writes laid over.</param>
/// <param name="hashLabel">The label that holds the hash of a revision's content.</param>
internal sealed class RevisionLedger(KubernetesClient client, OwnWrites<ControllerRevision> revisions, string hashLabel)
{
    /// <summary>An owner's revisions, oldest first; orphans that its selector names are adopted.</summary>
    public async Task<List<ControllerRevision>> ClaimAsync<TOwner>(
        TOwner owner, LabelSelectorExpression selector, CancellationToken cancellationToken)
        where TOwner : class, IResource<TOwner>
    {
        var claimed = await Ownership.ClaimAsync(
            client, owner, selector, revisions.In(owner.Metadata.Namespace), cancellationToken).ConfigureAwait(false);
        claimed.Sort((left, right) => (left.Revision, left.Metadata.CreationTimestamp, left.Metadata.Name).CompareTo(
            (right.Revision, right.Metadata.CreationTimestamp, right.Metadata.Name)));
        return claimed;
    }

    /// <summary>The revision of a template, as the newest of all: made, or, when the owner has gone back to it, counted up.</summary>
    /// <param name="owner">The owner.</param>
    /// <param name="template">Its template.</param>
    /// <param name="claimed">Its revisions, oldest first; a new one is added.</param>
    /// <param name="collisions">How often a name was found taken so far; the new count is returned.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<(ControllerRevision Current, int Collisions)> EnsureAsync<TOwner>(
        TOwner owner, PodTemplateSpec template, List<ControllerRevision> claimed, int collisions, CancellationToken cancellationToken)
        where TOwner : class, IResource<TOwner>
    {
        var next = claimed.Count == 0 ? 1 : claimed[^1].Revision + 1;
        if (claimed.FindLast(revision => RevisionData.IsOf(revision, template)) is { } known)
        {
            return known == claimed[^1] ? (known, collisions) : (await RenumberAsync(known, next, claimed, cancellationToken).ConfigureAwait(false), collisions);
        }

        while (true)
        {
            var revision = New(owner, template, next, collisions);
            try
            {
                claimed.Add(revisions.Wrote(await client.CreateAsync(revision, cancellationToken).ConfigureAwait(false)));
                return (claimed[^1], collisions);
            }
            catch (ApiException error) when (error.IsAlreadyExists)
            {
                var taken = await client.GetAsync<ControllerRevision>(NamespacedName.Of(revision), cancellationToken).ConfigureAwait(false);
                if (ControllerReference.IsControlledBy(taken.Metadata, owner.Metadata) && RevisionData.IsOf(taken, template))
                {
                    // Our own, only not in the cache yet.
                    claimed.Add(revisions.Wrote(taken));
                    return (taken, collisions);
                }

                collisions++;
            }
        }
    }

    /// <summary>Deletes the oldest of the revisions that no pod has, beyond those kept for rollbacks.</summary>
    public async Task TrimAsync(IEnumerable<ControllerRevision> unused, int keep, CancellationToken cancellationToken)
    {
        var old = unused.ToList();
        foreach (var revision in old.Take(Math.Max(0, old.Count - keep)))
        {
            try
            {
                await client.DeleteAsync<ControllerRevision>(NamespacedName.Of(revision), cancellationToken: cancellationToken).ConfigureAwait(false);
            }
            catch (ApiException error) when (error.IsNotFound)
            {
                // Gone is what it should be.
            }

            revisions.Deleted(revision);
        }
    }

    private ControllerRevision New<TOwner>(TOwner owner, PodTemplateSpec template, long number, int collisions)
        where TOwner : class, IResource<TOwner>
    {
        var data = RevisionData.Of(template);
        var hash = ContentHash.Of(JsonSerializer.SerializeToUtf8Bytes(data), collisions == 0 ? null : collisions);
        return new ControllerRevision
        {
            Metadata = new ObjectMeta
            {
                Name = $"{owner.Metadata.Name[..Math.Min(owner.Metadata.Name.Length, MaxPrefix)]}-{hash}",
                Namespace = owner.Metadata.Namespace,
                Labels = new Dictionary<string, string>(template.Metadata.Labels) { [hashLabel] = hash },
                Annotations = new Dictionary<string, string>(owner.Metadata.Annotations),
                OwnerReferences = [ControllerReference.To(owner)],
            },
            Data = data,
            Revision = number,
        };
    }

    /// <summary>Room for a dash and ten digits in a name of 253 characters, with some to spare: upstream's limit.</summary>
    private const int MaxPrefix = 223;

    private async Task<ControllerRevision> RenumberAsync(
        ControllerRevision revision, long number, List<ControllerRevision> claimed, CancellationToken cancellationToken)
    {
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = revision.Metadata.UID, ["resourceVersion"] = revision.Metadata.ResourceVersion },
            ["revision"] = number,
        };
        var renumbered = revisions.Wrote(await client.PatchAsync<ControllerRevision>(
            NamespacedName.Of(revision), PatchType.Merge, JsonSerializer.SerializeToUtf8Bytes(patch), cancellationToken: cancellationToken)
            .ConfigureAwait(false));
        claimed.Remove(revision);
        claimed.Add(renumbered);
        return renumbered;
    }
}

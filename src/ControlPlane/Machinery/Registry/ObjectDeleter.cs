using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Registry;

/// <summary>What a delete request asks for: the DeleteOptions fields that are honoured.</summary>
internal sealed record DeleteWish(long? GracePeriodSeconds, string? PropagationPolicy, string? Uid, string? ResourceVersion, bool DryRun)
{
    public static DeleteWish From(JsonObject options) => new(
        options.Integer("gracePeriodSeconds"),
        options.Text("propagationPolicy") ?? (options.Boolean("orphanDependents") is { } orphan ? (orphan ? "Orphan" : "Background") : null),
        options.Text("preconditions", "uid"),
        options.Text("preconditions", "resourceVersion"),
        options.Texts("dryRun").Contains("All"));
}

/// <summary>
/// Deletes. An object with grace or finalizers is first marked with a deletionTimestamp; it goes when the grace is given up
/// (the kubelet deletes with grace 0) and the finalizers are gone.
/// </summary>
internal sealed class ObjectDeleter(IStore store, TimeProvider time)
{
    private const int MaxAttempts = 32;

    /// <summary>Deletes, or marks for deletion.</summary>
    /// <returns>The object as it now is (marked), or as it last was, and whether it is gone.</returns>
    /// <exception cref="StatusException">404, or 409 for a precondition.</exception>
    public async Task<(StoredObject Object, bool Gone)> DeleteAsync(ResourceDescriptor descriptor, string ns, string name, DeleteWish wish)
    {
        var key = descriptor.Key(ns, name);
        for (var attempt = 1; attempt <= MaxAttempts; attempt++)
        {
            var current = store.Current.Get(key) ?? throw StatusException.NotFound(descriptor.Names.Qualified, name);
            var obj = current.Document();
            ObjectIdentity.CheckUid(descriptor.Names.Qualified, name, wish.Uid, obj);
            ObjectIdentity.CheckVersion(descriptor.Names.Qualified, name, wish.ResourceVersion, obj);
            if (!Mark(descriptor, obj, wish))
            {
                return (current, false);
            }

            var gone = descriptor.MayBeRemoved(obj);
            var value = StoredForm.Encode(descriptor, obj);
            if (wish.DryRun)
            {
                return (StoredObject.Create(key, current.Created, current.Modified, value, current), gone);
            }

            var result = await store.CommitAsync(gone ? StoreWrite.Delete(key, current.Modified) : StoreWrite.Put(key, current.Modified, value));
            if (result.Committed)
            {
                if (gone)
                {
                    descriptor.Release(obj);
                }

                return (result.Object!, gone);
            }
        }

        throw StatusException.Modified(descriptor.Names.Qualified, name);
    }

    /// <summary>Writes the wish into the object.</summary>
    /// <returns>False when it already is on its way out at least as soon.</returns>
    private bool Mark(ResourceDescriptor descriptor, JsonObject obj, DeleteWish wish)
    {
        var metadata = obj.Metadata();
        var marked = metadata.Text("deletionTimestamp") is not null;
        var grace = descriptor.GracePeriod(obj, wish.GracePeriodSeconds);
        var finalizersChanged = SetPolicyFinalizer(metadata, Policy(descriptor, metadata, wish));
        descriptor.PrepareForDelete(obj);
        if (marked)
        {
            var left = metadata.Integer("deletionGracePeriodSeconds") ?? 0;
            if (grace >= left && left > 0)
            {
                return finalizersChanged;
            }

            if (left == 0 && !descriptor.MayBeRemoved(obj))
            {
                return finalizersChanged;
            }
        }

        metadata["deletionTimestamp"] = ObjectJson.Time(time.GetUtcNow() + TimeSpan.FromSeconds(grace));
        metadata["deletionGracePeriodSeconds"] = grace;
        return true;
    }

    /// <summary>What was asked for, or decided by an earlier request, comes before the kind's own default.</summary>
    private static string? Policy(ResourceDescriptor descriptor, JsonObject metadata, DeleteWish wish)
    {
        var decided = metadata.Texts("finalizers").Any(name => name is "orphan" or "foregroundDeletion");
        return descriptor.IsCollected ? wish.PropagationPolicy ?? (decided ? null : descriptor.DefaultPropagation) : null;
    }

    private static bool SetPolicyFinalizer(JsonObject metadata, string? policy)
    {
        var wanted = policy switch
        {
            "Orphan" => "orphan",
            "Foreground" => "foregroundDeletion",
            _ => null,
        };
        var before = metadata.Texts("finalizers").ToArray();
        var after = policy is null
            ? before
            : [.. before.Where(name => name is not ("orphan" or "foregroundDeletion")), .. wanted is null ? Array.Empty<string>() : [wanted]];
        if (after.SequenceEqual(before))
        {
            return false;
        }

        metadata["finalizers"] = new JsonArray([.. after.Select(name => JsonValue.Create(name))]);
        return true;
    }
}

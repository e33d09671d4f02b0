using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Registry;

/// <summary>Objects of one answer, and what the answer's list metadata says.</summary>
internal sealed record ObjectList(Revision Revision, IReadOnlyList<StoredObject> Items, string? Continue, long? Remaining);

/// <summary>Reads: one stored object, or a list with the rules of A5.</summary>
internal sealed class ObjectReader(IStore store, TimeProvider time)
{
    private static readonly TimeSpan FreshnessWait = TimeSpan.FromSeconds(3);

    public StoredObject Get(ResourceDescriptor descriptor, string ns, string name) =>
        store.Current.Get(descriptor.Key(ns, name)) ?? throw StatusException.NotFound(descriptor.Names.Qualified, name);

    /// <exception cref="StatusException">410 when the past asked for is gone, 504 when the future asked for does not come.</exception>
    public async Task<ObjectList> ListAsync(ResourceDescriptor descriptor, string ns, ListQuery query, CancellationToken cancellation)
    {
        ListRules.CheckList(query);
        var filter = new ObjectFilter(descriptor, query.LabelSelector, query.FieldSelector);
        if (descriptor.Computed is { } computed)
        {
            return new ObjectList(Revision.None, await computed.ListAsync(ns, filter, cancellation), null, null);
        }

        var prefix = descriptor.Prefix(ns);
        var (snapshot, start) = await SnapshotAsync(query, prefix, cancellation);
        var items = new List<StoredObject>();
        foreach (var obj in Candidates(descriptor, ns, filter, snapshot, prefix, start))
        {
            if (!filter.Matches(obj))
            {
                continue;
            }

            if (query.Limit > 0 && items.Count == query.Limit)
            {
                var token = new ContinueToken(snapshot.Revision, obj.Key[prefix.Length..]);
                long? remaining = filter.IsEmpty ? snapshot.List(prefix, obj.Key).LongCount() : null;
                return new ObjectList(snapshot.Revision, items, token.Encode(), remaining);
            }

            items.Add(obj);
        }

        return new ObjectList(snapshot.Revision, items, null, null);
    }

    /// <summary>Waits until the store is at least as new as a client asks.</summary>
    public async Task WaitForAsync(Revision revision, CancellationToken cancellation)
    {
        if (store.Current.Revision >= revision)
        {
            return;
        }

        using var deadline = new CancellationTokenSource(FreshnessWait, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            await store.WaitForAsync(revision, either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw StatusException.TooLargeResourceVersion(revision.Value, store.Current.Revision.Value);
        }
    }

    private static IEnumerable<StoredObject> Candidates(
        ResourceDescriptor descriptor, string ns, ObjectFilter filter, StoreSnapshot snapshot, string prefix, string? start)
    {
        if (filter.SingleName is { } name && (ns.Length > 0 || !descriptor.Names.Namespaced))
        {
            return snapshot.Get(descriptor.Key(ns, name)) is { } only ? [only] : [];
        }

        return snapshot.List(prefix, start);
    }

    private async Task<(StoreSnapshot Snapshot, string? Start)> SnapshotAsync(ListQuery query, string prefix, CancellationToken cancellation)
    {
        var start = "";
        try
        {
            if (!string.IsNullOrEmpty(query.Continue))
            {
                if (query.ResourceVersion is not ("" or "0"))
                {
                    throw StatusException.BadRequest("specifying resource version is not allowed when using continue");
                }

                var token = ContinueToken.Decode(query.Continue);
                start = prefix + token.Start;
                return (token.IsConsistent ? store.At(token.Revision) : store.Current, start);
            }

            if (query.ResourceVersion.Length == 0)
            {
                await store.RefreshAsync(cancellation);
            }

            await WaitForAsync(query.Revision, cancellation);
            return (query.ResourceVersionMatch == "Exact" ? store.At(query.Revision) : store.Current, null);
        }
        catch (CompactedException failure)
        {
            throw start.Length == 0
                ? StatusException.Expired(failure.Message)
                : StatusException.ExpiredContinue(ContinueToken.Inconsistent(start[prefix.Length..]).Encode());
        }
    }
}

using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Admission.Quotas;

/// <summary>
/// Counts objects against the quotas of their namespaces: before they are created, and again from what there is.
/// </summary>
/// <remarks>
/// <code>
/// create:    charge status.used (compare-and-swap) ──> write the object ──> settled
///                     │                                     └─ refused ──> give back, if nobody wrote the status since
/// recount:   what is charged but not yet visible + what the snapshot has ──> status.used (compare-and-swap)
/// </code>
/// Within this server one lock a namespace keeps a recount from missing a charge in flight; between servers the compare-and-swap
/// of the quota's status does.
/// </remarks>
internal sealed class QuotaLedger(IStore store, ResourceCatalog catalog, TimeProvider time)
{
    private const string Prefix = "/registry/resourcequotas/";
    private const int MaxAttempts = 64;

    private readonly ConcurrentDictionary<string, NamespaceCharges> _namespaces = new(StringComparer.Ordinal);

    private ResourceDescriptor Quotas { get; } = catalog.Find("", "resourcequotas");

    /// <summary>Counts a new or grown object.</summary>
    /// <returns>The charge; null when no quota of the namespace is about the object.</returns>
    /// <exception cref="StatusException">403: a quota would be exceeded, or the pod does not say what it takes.</exception>
    public ValueTask<IAdmissionHold?> ChargeAsync(AdmissionRequest request) =>
        request.Namespace.Length > 0 && store.Current.List($"{Prefix}{request.Namespace}/").Any()
            ? ChargeQuotasAsync(request)
            : ValueTask.FromResult<IAdmissionHold?>(null);

    /// <summary>Brings the status of all quotas of a namespace up to what there is.</summary>
    public async Task RecountAsync(string ns)
    {
        if (!store.Current.List($"{Prefix}{ns}/").Any())
        {
            return;
        }

        var charges = Of(ns);
        await charges.Gate.WaitAsync();
        try
        {
            await RecountLockedAsync(ns, charges);
        }
        finally
        {
            charges.Gate.Release();
        }
    }

    private NamespaceCharges Of(string ns) => _namespaces.GetOrAdd(ns, _ => new NamespaceCharges());

    private async ValueTask<IAdmissionHold?> ChargeQuotasAsync(AdmissionRequest request)
    {
        var charges = Of(request.Namespace);
        await charges.Gate.WaitAsync();
        try
        {
            var key = request.Descriptor.Key(request.Namespace, request.Object.Text("metadata", "name") ?? "");
            var charge = new Charge(key, request);
            foreach (var name in store.Current.List($"{Prefix}{request.Namespace}/").Select(quota => quota.Name).ToList())
            {
                try
                {
                    await ChargeAsync(name, request, charges, charge);
                }
                catch
                {
                    await GiveBackAsync(charge, request.Namespace, charges);
                    throw;
                }
            }

            if (charge.Revisions.Count == 0)
            {
                return null;
            }

            charges.InFlight.Add(charge);
            return new Hold(this, charge, request.Namespace, charges);
        }
        finally
        {
            charges.Gate.Release();
        }
    }

    private async Task ChargeAsync(string name, AdmissionRequest request, NamespaceCharges charges, Charge charge)
    {
        var key = Quotas.Key(request.Namespace, name);
        for (var attempt = 0; attempt < MaxAttempts && store.Current.Get(key) is { } stored; attempt++)
        {
            var quota = stored.Document();
            if (!QuotaScopes.Match(quota, request.Descriptor.Names, request.Object))
            {
                return;
            }

            var hard = ResourceAmounts.Of(quota.Object("status", "hard")).Only(resource => QuotaUsage.Counts(request.Descriptor.Names, resource));
            var used = ResourceAmounts.Of(quota.Object("status", "used"));
            if (hard.Keys.Any(resource => !used.ContainsKey(resource)))
            {
                // Made a moment ago and not counted yet.
                await RecountLockedAsync(request.Namespace, charges);
                continue;
            }

            if (Wanted(name, request, hard, used) is not { Count: > 0 } wanted || request.DryRun)
            {
                return;
            }

            used.Add(wanted);
            quota.Ensure("status")["used"] = used.ToJson();
            var result = await store.CommitAsync(StoreWrite.Put(key, stored.Modified, StoredForm.Encode(Quotas, quota)));
            if (result.Committed)
            {
                charge.Revisions.Add((key, stored, result.Object!.Modified));
                return;
            }
        }

        if (store.Current.Get(key) is not null)
        {
            throw StatusException.Modified(Quotas.Names.Qualified, name);
        }
    }

    /// <summary>What a quota is to be charged.</summary>
    /// <exception cref="StatusException">403: too much, or not said.</exception>
    private ResourceAmounts Wanted(string name, AdmissionRequest request, ResourceAmounts hard, ResourceAmounts used)
    {
        if (request.Descriptor.Names is { Group: "", Plural: "pods" } && QuotaUsage.Missing(request.Object, hard.Keys) is { } missing)
        {
            throw request.Forbidden($"failed quota: {name}: must specify {missing}");
        }

        var now = time.GetUtcNow();
        var usage = QuotaUsage.Of(request.Descriptor.Names, request.Object, now).Only(hard.ContainsKey);
        if (usage.Where(entry => entry.Value.Value < 0).Select(entry => entry.Key).ToList() is { Count: > 0 } negative)
        {
            throw request.Forbidden($"quota usage is negative for resource(s): {string.Join(",", negative)}");
        }

        if (request.Old is not null)
        {
            usage = usage.Less(QuotaUsage.Of(request.Descriptor.Names, request.Old, now));
        }

        var wanted = usage.Only(resource => usage[resource].Value > 0);
        var exceeded = wanted.Keys.Where(resource => used[resource].Value + wanted[resource].Value > hard[resource].Value).ToHashSet(StringComparer.Ordinal);
        return exceeded.Count == 0
            ? wanted
            : throw request.Forbidden(
                $"exceeded quota: {name}, requested: {wanted.Only(exceeded.Contains)}, used: {used.Only(exceeded.Contains)}, limited: {hard.Only(exceeded.Contains)}");
    }

    private async Task RecountLockedAsync(string ns, NamespaceCharges charges)
    {
        foreach (var name in store.Current.List($"{Prefix}{ns}/").Select(quota => quota.Name).ToList())
        {
            var key = Quotas.Key(ns, name);
            for (var attempt = 0; attempt < MaxAttempts; attempt++)
            {
                // In this order: a charge that settles in between is still in the list, and then seen in the snapshot.
                var inFlight = charges.InFlight.ToArray();
                var snapshot = store.Current;
                if (snapshot.Get(key) is not { } stored)
                {
                    break;
                }

                var quota = stored.Document();
                if (!Recount(quota, ns, snapshot, inFlight)
                    || (await store.CommitAsync(StoreWrite.Put(key, stored.Modified, StoredForm.Encode(Quotas, quota)))).Committed)
                {
                    break;
                }
            }
        }
    }

    /// <summary>Writes hard and used into a quota's status.</summary>
    /// <returns>False when they are there already.</returns>
    private bool Recount(JsonObject quota, string ns, StoreSnapshot snapshot, IEnumerable<Charge> inFlight)
    {
        var hard = ResourceAmounts.Of(quota.Object("spec", "hard"));
        var used = new ResourceAmounts();
        foreach (var resource in hard.Keys)
        {
            used[resource] = default;
        }

        var now = time.GetUtcNow();
        var unseen = inFlight.Where(charge => !charge.IsIn(snapshot)).ToDictionary(charge => charge.Key);
        foreach (var kind in catalog.All.Where(kind => kind.Names.Namespaced && !kind.IsReview && hard.Keys.Any(resource => QuotaUsage.Counts(kind.Names, resource))))
        {
            foreach (var obj in snapshot.List(kind.Prefix(ns)).Where(obj => !unseen.ContainsKey(obj.Key)))
            {
                Count(kind.Names, obj.Document());
            }
        }

        foreach (var charge in unseen.Values)
        {
            Count(charge.Request.Descriptor.Names, charge.Request.Object);
        }

        var status = new JsonObject { ["hard"] = hard.ToJson(), ["used"] = used.ToJson() };
        if (JsonNode.DeepEquals(status, quota["status"]))
        {
            return false;
        }

        quota["status"] = status;
        return true;

        void Count(ResourceNames kind, JsonObject obj)
        {
            if (QuotaScopes.Match(quota, kind, obj))
            {
                used.Add(QuotaUsage.Of(kind, obj, now).Only(hard.ContainsKey));
            }
        }
    }

    /// <summary>Undoes a charge where it was the last write of its quota, and counts anew where it was not.</summary>
    private async Task GiveBackAsync(Charge charge, string ns, NamespaceCharges charges)
    {
        foreach (var (quota, before, charged) in charge.Revisions)
        {
            if (!(await store.CommitAsync(StoreWrite.Put(quota, charged, before.CopyValue()))).Committed)
            {
                await RecountLockedAsync(ns, charges);
            }
        }
    }

    /// <summary>Counted, and not yet known to be stored. The namespace's lock guards the list.</summary>
    private sealed class NamespaceCharges
    {
        public SemaphoreSlim Gate { get; } = new(1);

        public List<Charge> InFlight { get; } = [];
    }

    private sealed record Charge(string Key, AdmissionRequest Request)
    {
        /// <summary>Each quota's key, its version before the charge and the revision of the charge.</summary>
        public List<(string Quota, StoredObject Before, Revision Charged)> Revisions { get; } = [];

        /// <summary>Whether the write the charge is for has been made.</summary>
        public bool IsIn(StoreSnapshot snapshot) =>
            snapshot.Get(Key) is { } stored
            && stored.Modified.ToString() != Request.Old?.Text("metadata", "resourceVersion")
            && stored.Document().Text("metadata", "uid") == Request.Object.Text("metadata", "uid");
    }

    private sealed class Hold(QuotaLedger ledger, Charge charge, string ns, NamespaceCharges charges) : IAdmissionHold
    {
        private bool _kept;

        public void Keep() => _kept = true;

        public async ValueTask DisposeAsync()
        {
            await charges.Gate.WaitAsync();
            try
            {
                charges.InFlight.Remove(charge);
                if (!_kept)
                {
                    await ledger.GiveBackAsync(charge, ns, charges);
                }
            }
            finally
            {
                charges.Gate.Release();
            }
        }
    }
}

using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Admission;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.FieldOwnership;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Resources.Certificates;
using Dataplane.ControlPlane.Resources.Pods;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Registry;

/// <summary>What part of an object a write may change.</summary>
internal enum UpdateScope
{
    Main,
    Status,

    /// <summary>A namespace's spec.finalizers.</summary>
    Finalize,

    /// <summary>A pod's spec.ephemeralContainers.</summary>
    EphemeralContainers,

    /// <summary>Whether a request for a certificate is approved or denied.</summary>
    Approval,

    /// <summary>Resources of a pod's containers.</summary>
    Resize,

    /// <summary>What the change itself sets: a pod's node, a scale.</summary>
    Subresource,
}

/// <summary>Creates and updates: defaulting, admission, validation and the compare-and-swap, the same way for every kind.</summary>
/// <param name="store">Where objects go.</param>
/// <param name="admission">What else has a say.</param>
/// <param name="time">The clock.</param>
/// <param name="eventTtl">How long a store that can shall keep an event; null for ever.</param>
internal sealed class ObjectWriter(IStore store, AdmissionChain admission, TimeProvider time, TimeSpan? eventTtl = null)
{
    private const int MaxGenerateNameBase = 58;
    private const int GenerateNameAttempts = 8;
    private const int MaxUpdateAttempts = 32;

    /// <summary>The field manager of objects the server keeps for itself, as upstream names it.</summary>
    private const string ServerName = "kube-apiserver";

    // No vowels and nothing that looks like one: generated names spell no words.
    private const string SuffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <param name="descriptor">The kind.</param>
    /// <param name="ns">Namespace of the request, empty for cluster-scoped kinds.</param>
    /// <param name="obj">The decoded body; it becomes the stored object.</param>
    /// <param name="dryRun">Do everything but the commit.</param>
    /// <param name="manager">Who writes; null for the server itself. An applier has put the owners into the object already.</param>
    /// <exception cref="StatusException">What the client is told.</exception>
    public async Task<StoredObject> CreateAsync(ResourceDescriptor descriptor, string ns, JsonObject obj, bool dryRun, FieldManager? manager = null)
    {
        var names = descriptor.Names;
        var metadata = obj.Metadata();
        if (metadata.Text("resourceVersion") is { Length: > 0 })
        {
            throw StatusException.BadRequest("resourceVersion should not be set on objects to be created");
        }

        SetNamespace(descriptor, ns, metadata);
        NamespaceLifecycle.CheckCreate(store.Current, descriptor, ns, metadata.Text("name") ?? "");
        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = ObjectJson.Time(time.GetUtcNow());
        metadata.Remove("deletionTimestamp");
        metadata.Remove("deletionGracePeriodSeconds");
        metadata.Remove("generation");
        if (descriptor.TracksGeneration)
        {
            metadata["generation"] = 1;
        }

        var generate = metadata.Text("name") is null or "" && metadata.Text("generateName") is { Length: > 0 };
        for (var attempt = 1; ; attempt++)
        {
            if (generate)
            {
                metadata["name"] = GenerateName(metadata.Text("generateName")!);
            }

            // After the name is made: a Job writes its name into its pods' labels.
            descriptor.PrepareForCreate(obj);
            descriptor.Default(obj);
            Own(descriptor, null, obj, manager);
            descriptor.Admit(obj, ns, store.Current);
            var request = new AdmissionRequest(descriptor, ns, obj, null, dryRun);
            await admission.FillCreateAsync(request);
            var name = metadata.Text("name") ?? "";
            var errors = new FieldErrors();
            MetadataValidation.Validate(descriptor, obj, errors);
            descriptor.Validate(obj, errors);
            using var reservation = Reserve(descriptor, obj, null, errors, name);
            await using var hold = await admission.CheckCreateAsync(request);
            var key = descriptor.Key(ns, name);
            var value = StoredForm.Encode(descriptor, obj);
            if (dryRun)
            {
                return store.Current.Get(key) is null
                    ? StoredObject.Create(key, Revision.None, Revision.None, value)
                    : throw StatusException.AlreadyExists(names.Qualified, name);
            }

            var result = await store.CommitAsync(Put(descriptor, key, Revision.None, value));
            if (result.Committed)
            {
                reservation?.Keep();
                hold?.Keep();
                return result.Object!;
            }

            if (!generate || attempt == GenerateNameAttempts)
            {
                throw StatusException.AlreadyExists(names.Qualified, name);
            }
        }
    }

    /// <param name="descriptor">The kind.</param>
    /// <param name="ns">Namespace of the request.</param>
    /// <param name="name">Name of the request.</param>
    /// <param name="scope">What may change.</param>
    /// <param name="change">The new object from the current one, a copy of its own; called again when another write came between.</param>
    /// <param name="dryRun">Do everything but the commit.</param>
    /// <param name="manager">Who writes; null for the server itself. An applier has put the owners into the object already.</param>
    /// <exception cref="StatusException">What the client is told.</exception>
    public async Task<StoredObject> UpdateAsync(
        ResourceDescriptor descriptor,
        string ns,
        string name,
        UpdateScope scope,
        Func<JsonObject, JsonObject> change,
        bool dryRun,
        FieldManager? manager = null)
    {
        var key = descriptor.Key(ns, name);
        for (var attempt = 1; ; attempt++)
        {
            var stored = store.Current.Get(key) ?? throw StatusException.NotFound(descriptor.Names.Qualified, name);
            var current = descriptor.Present(stored);
            var parsed = current.Parse();
            var old = JsonObject.Create(parsed)!;
            var obj = change(JsonObject.Create(parsed)!);
            var conditional = ObjectIdentity.Check(descriptor, obj, old, ns, name);
            ObjectIdentity.Preserve(obj, old);
            Prepare(descriptor, scope, obj, old, time.GetUtcNow());
            var changed = new ChangedFields(parsed, obj);
            Own(descriptor, old, obj, manager, changed.Differs);
            var errors = new FieldErrors();
            MetadataValidation.Validate(descriptor, obj, errors);
            ObjectIdentity.CheckFinalizers(obj, old, errors);
            if (scope == UpdateScope.Main)
            {
                descriptor.ValidateUpdate(obj, old, errors);
            }
            else if (scope == UpdateScope.Status)
            {
                descriptor.ValidateStatusUpdate(obj, old, errors);
            }
            else if (scope == UpdateScope.EphemeralContainers)
            {
                EphemeralContainers.Validate(obj, old, errors);
            }
            else if (scope == UpdateScope.Resize)
            {
                PodResize.Validate(obj, old, errors);
            }
            else if (scope == UpdateScope.Approval)
            {
                ApprovalDecision.Validate(obj, old, errors);
            }

            using var reservation = Reserve(descriptor, obj, scope == UpdateScope.Main ? old : null, errors, name, reserve: scope == UpdateScope.Main);
            if (descriptor.TracksGeneration && SpecChanged(descriptor, obj, old, changed))
            {
                obj.Metadata()["generation"] = (old.Integer("metadata", "generation") ?? 0) + 1;
            }

            // A reservation writes what it took into the object: then nothing is known to be as it was.
            var value = StoredForm.Encode(descriptor, obj, changed: scope == UpdateScope.Main ? null : changed);
            if (stored.HasValue(value))
            {
                return stored;
            }

            await using var hold = scope switch
            {
                UpdateScope.Main => await admission.CheckUpdateAsync(new AdmissionRequest(descriptor, ns, obj, old, dryRun)),
                UpdateScope.Resize => await admission.CheckCreateAsync(new AdmissionRequest(descriptor, ns, obj, old, dryRun)),
                _ => null,
            };
            if (dryRun)
            {
                return StoredObject.Create(key, current.Created, current.Modified, value, current);
            }

            var gone = descriptor.MayBeRemoved(obj);
            var result = await store.CommitAsync(gone ? StoreWrite.Delete(key, current.Modified) : Put(descriptor, key, current.Modified, value));
            if (result.Committed)
            {
                if (gone)
                {
                    descriptor.Release(old);
                    return StoredObject.Create(key, current.Created, result.Object!.Modified, value, current);
                }

                reservation?.Keep();
                hold?.Keep();
                return result.Object!;
            }

            if (conditional || attempt == MaxUpdateAttempts)
            {
                throw StatusException.Modified(descriptor.Names.Qualified, name);
            }
        }
    }

    /// <summary>A change that holds for whatever version there is: a write that comes between makes it only be made again.</summary>
    /// <inheritdoc cref="UpdateAsync"/>
    public Task<StoredObject> AmendAsync(
        ResourceDescriptor descriptor, string ns, string name, UpdateScope scope, Func<JsonObject, JsonObject> change, bool dryRun, FieldManager? manager = null)
    {
        return UpdateAsync(descriptor, ns, name, scope, Unconditional, dryRun, manager);

        JsonObject Unconditional(JsonObject current)
        {
            var obj = change(current);
            obj.Metadata().Remove("resourceVersion");
            return obj;
        }
    }

    private StoreWrite Put(ResourceDescriptor descriptor, string key, Revision expected, byte[] value) =>
        StoreWrite.Put(key, expected, value) with { TimeToLive = descriptor.Expires ? eventTtl : null };

    // Before admission and the server's own allocations: what those add has no owner.
    private void Own(ResourceDescriptor descriptor, JsonObject? old, JsonObject obj, FieldManager? manager, Func<string, bool>? differs = null)
    {
        if (manager is not { Applies: true })
        {
            var writer = manager ?? new FieldManager(ServerName, Applies: false, descriptor.Names.ApiVersion, "");
            new OwnershipTracker(descriptor.Ownership, descriptor.Decode, time).Update(old, obj, writer, differs);
        }
    }

    private static void Prepare(ResourceDescriptor descriptor, UpdateScope scope, JsonObject obj, JsonObject old, DateTimeOffset now)
    {
        switch (scope)
        {
            case UpdateScope.Main:
                descriptor.PrepareForUpdate(obj, old);
                descriptor.Default(obj);
                break;
            case UpdateScope.Status:
                descriptor.PrepareForStatusUpdate(obj, old);
                break;
            case UpdateScope.Finalize:
                obj.CopyField(old, "status");
                break;
            case UpdateScope.Approval:
                ApprovalDecision.Prepare(obj, old, now);
                break;
            case UpdateScope.EphemeralContainers:
                EphemeralContainers.Prepare(obj, old);
                descriptor.Default(obj);
                break;
            case UpdateScope.Resize:
                PodResize.Prepare(obj, old);
                descriptor.Default(obj);
                break;
        }
    }

    private static IReservation? Reserve(
        ResourceDescriptor descriptor, JsonObject obj, JsonObject? old, FieldErrors errors, string name, bool reserve = true)
    {
        var reservation = reserve && errors.All.Count == 0 ? descriptor.Reserve(obj, old, errors) : null;
        if (errors.All.Count > 0)
        {
            reservation?.Dispose();
            throw StatusException.Invalid(descriptor.Names.Group, descriptor.Names.Kind, name, errors);
        }

        return reservation;
    }

    private static void SetNamespace(ResourceDescriptor descriptor, string ns, JsonObject metadata)
    {
        if (!descriptor.Names.Namespaced)
        {
            metadata.Remove("namespace");
            return;
        }

        if (metadata.Text("namespace") is { Length: > 0 } given && given != ns)
        {
            throw StatusException.BadRequest(
                $"the namespace of the provided object does not match the namespace sent on the request");
        }

        metadata["namespace"] = ns;
    }

    // Everything but metadata and status counts: a Role has rules, not a spec. A custom resource's status is one by its subresource only.
    private static bool SpecChanged(ResourceDescriptor descriptor, JsonObject obj, JsonObject old, ChangedFields changed) =>
        obj.Select(field => field.Key).Union(old.Select(field => field.Key))
            .Any(field => field is not ("metadata" or "apiVersion" or "kind") && changed.Differs(field) && !obj.FieldEquals(old, field)
                && (field != "status" || (descriptor.IsCustom && !descriptor.HasStatus)));

    private static string GenerateName(string prefix)
    {
        var start = prefix.Length > MaxGenerateNameBase ? prefix[..MaxGenerateNameBase] : prefix;
        return start + RandomNumberGenerator.GetString(SuffixAlphabet, 5);
    }
}

using System.Text.Json.Nodes;
using Dataplane.ControlPlane.CustomResources.Definitions;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.CustomResources;

/// <summary>
/// Serves what CustomResourceDefinitions define. Every change of a definition makes a new catalog; only then the definition's
/// conditions say so, so that who waits for Established finds the resource served.
/// </summary>
internal sealed class CustomResourceServing(
    IStore store, ObjectWriter writer, ResourceCatalog catalog, TimeProvider time, ILogger logger) : IDisposable
{
    private static readonly TimeSpan CleanupInterval = TimeSpan.FromMilliseconds(200);

    private readonly DefinitionResource _definitions = (DefinitionResource)catalog.Find("apiextensions.k8s.io", "customresourcedefinitions");
    private readonly ObjectDeleter _deleter = new(store, time);
    private readonly Dictionary<string, Served> _served = new(StringComparer.Ordinal);

    /// <summary>Brings the catalog up to the store: before the first request, so that a restart forgets nothing.</summary>
    public void Load() => Serve(Decide());

    public async Task RunAsync(CancellationToken cancellation)
    {
        using var watch = store.Watch(_definitions.StoragePrefix, store.Current.Revision);
        while (!cancellation.IsCancellationRequested)
        {
            while (watch.Events.TryRead(out _))
            {
                // Only that something happened matters.
            }

            var decided = Decide();
            Serve(decided);
            var unfinished = false;
            foreach (var (definition, document) in decided)
            {
                unfinished |= !await WriteAsync(definition, document);
            }

            var change = watch.Events.WaitToReadAsync(cancellation).AsTask();
            var waits = unfinished ? new[] { change, Task.Delay(CleanupInterval, time, cancellation) } : [change];
            await Task.WhenAny(waits);
            if (change.IsCompleted && !await change)
            {
                return;
            }
        }
    }

    public void Dispose()
    {
        foreach (var served in _served.Values)
        {
            served.Withdrawn.Dispose();
        }
    }

    /// <summary>Every definition with the status it should have. Earlier ones choose their names first.</summary>
    private List<(Definition Definition, JsonObject Document)> Decide()
    {
        var all = store.Current.List(_definitions.StoragePrefix).Select(stored => new Definition(stored.Document())).ToList();
        var decided = new List<(Definition, JsonObject)>();
        foreach (var name in all.OrderBy(definition => definition.Document.Text("metadata", "creationTimestamp"), StringComparer.Ordinal)
            .ThenBy(definition => definition.Name, StringComparer.Ordinal).Select(definition => definition.Name))
        {
            var at = all.FindIndex(definition => definition.Name == name);
            var document = DefinitionStatus.Of(all[at].Document, all.Where(definition => definition.Name != name), time.GetUtcNow());
            all[at] = new Definition(document);
            decided.Add((all[at], document));
        }

        return decided;
    }

    private void Serve(List<(Definition Definition, JsonObject Document)> decided)
    {
        var descriptors = new List<ResourceDescriptor>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var established = decided.Select(entry => entry.Definition).Where(definition => definition.IsEstablished);
        foreach (var definition in established.OrderBy(definition => definition.Name, StringComparer.Ordinal))
        {
            names.Add(definition.Name);
            var signature = definition.Signature;
            if (!_served.TryGetValue(definition.Name, out var served) || served.Signature != signature)
            {
                var isSame = served is not null && served.Uid == definition.Document.Text("metadata", "uid");
                var withdrawn = isSame ? served!.Withdrawn : new CancellationTokenSource();
                _served[definition.Name] = served = Make(definition, signature, withdrawn);
            }

            descriptors.AddRange(served.Versions);
        }

        foreach (var gone in _served.Keys.Except(names).ToArray())
        {
            _served.Remove(gone, out var served);
            served!.Withdrawn.Cancel();
        }

        catalog.ServeCustom(descriptors);
    }

    private Served Make(Definition definition, string signature, CancellationTokenSource withdrawn)
    {
        try
        {
            var versions = definition.ServedVersions.Select(version => new CustomResource(definition, version, withdrawn.Token)).ToArray();
            return new Served(signature, definition.Document.Text("metadata", "uid"), versions, withdrawn);
        }
        catch (Exception failure) when (failure is ArgumentException or FormatException)
        {
            // Validation does not let such a definition in; one from an older store must not stop the others.
            Log.DefinitionNotServed(logger, definition.Name, failure.Message);
            return new Served(signature, definition.Document.Text("metadata", "uid"), [], withdrawn);
        }
    }

    /// <returns>False when objects of a definition that is being deleted are still there.</returns>
    private async Task<bool> WriteAsync(Definition definition, JsonObject document)
    {
        try
        {
            if (definition.AwaitsCleanup && !await CleanUpAsync(definition))
            {
                return false;
            }

            var current = store.Current.Get(_definitions.Key("", definition.Name))?.Document();
            if (current is not null && !JsonNode.DeepEquals(current["status"], document["status"]) && !definition.AwaitsCleanup)
            {
                await writer.UpdateAsync(_definitions, "", definition.Name, UpdateScope.Status, obj => Take(obj, document), dryRun: false);
            }

            return true;
        }
        catch (StatusException failure)
        {
            // Changed or deleted in the meantime: the watch tells, and all is decided anew.
            Log.DefinitionNotWritten(logger, definition.Name, failure.Message);
            return failure.Code is 404 or 409;
        }

        JsonObject Take(JsonObject obj, JsonObject from)
        {
            obj.Metadata()["resourceVersion"] = from.Text("metadata", "resourceVersion");
            obj.CopyField(from, "status");
            return obj;
        }
    }

    /// <summary>Deletes the objects of a definition, then lets it go.</summary>
    /// <returns>False while objects are left: their finalizers hold them.</returns>
    private async Task<bool> CleanUpAsync(Definition definition)
    {
        var resource = _served.GetValueOrDefault(definition.Name)?.Versions.FirstOrDefault();
        if (resource is not null)
        {
            foreach (var obj in store.Current.List(resource.StoragePrefix).ToArray())
            {
                try
                {
                    await _deleter.DeleteAsync(resource, obj.Namespace, obj.Name, new DeleteWish(null, "Background", null, null, DryRun: false));
                }
                catch (StatusException failure) when (failure.Code == 404)
                {
                    // Gone is what it should be.
                }
            }

            if (store.Current.List(resource.StoragePrefix).Any())
            {
                return false;
            }
        }

        await writer.AmendAsync(_definitions, "", definition.Name, UpdateScope.Subresource, Release, dryRun: false);
        return true;

        JsonObject Release(JsonObject obj)
        {
            var rest = obj.Texts("metadata", "finalizers").Where(name => name != Definition.CleanupFinalizer).Select(name => JsonValue.Create(name));
            obj.Metadata()["finalizers"] = new JsonArray([.. rest]);
            DefinitionStatus.SetCondition(obj, "Terminating", "False", "InstanceDeletionCompleted", "removed all instances", time.GetUtcNow());
            return obj;
        }
    }

    private sealed record Served(string Signature, string? Uid, IReadOnlyList<CustomResource> Versions, CancellationTokenSource Withdrawn);
}

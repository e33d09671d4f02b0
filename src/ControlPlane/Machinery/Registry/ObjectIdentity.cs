using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.Machinery.Registry;

/// <summary>What makes an object the same object through its updates.</summary>
internal static class ObjectIdentity
{
    private const string NoVersion = "0";

    private static readonly string[] ServerOwned =
        ["name", "generateName", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"];

    /// <summary>Whether the write is of this very object and version.</summary>
    /// <returns>True when the client named the version it changes: such a write is not tried again.</returns>
    public static bool Check(ResourceDescriptor descriptor, JsonObject obj, JsonObject old, string ns, string name)
    {
        var resource = descriptor.Names.Qualified;
        var metadata = obj.Metadata();
        if (metadata.Text("name") is { Length: > 0 } given && given != name)
        {
            throw StatusException.BadRequest($"the name of the object ({given}) does not match the name on the URL ({name})");
        }

        if (descriptor.Names.Namespaced && metadata.Text("namespace") is { Length: > 0 } givenNamespace && givenNamespace != ns)
        {
            throw StatusException.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
        }

        CheckUid(resource, name, metadata.Text("uid"), old);
        if (VersionOf(obj) is not { } version)
        {
            metadata.Remove("resourceVersion");
            return false;
        }

        return version == old.Text("metadata", "resourceVersion") ? true : throw StatusException.Modified(resource, name);
    }

    /// <summary>The version that a write insists on; null when it replaces any.</summary>
    public static string? VersionOf(JsonObject obj) => obj.Text("metadata", "resourceVersion") is not ("" or NoVersion) and var version ? version : null;

    /// <exception cref="StatusException">409: a uid was required and the object has another.</exception>
    public static void CheckUid(string resource, string name, string? required, JsonObject old)
    {
        var actual = old.Text("metadata", "uid");
        if (!string.IsNullOrEmpty(required) && required != actual)
        {
            throw StatusException.Conflict(
                resource, name, $"Precondition failed: UID in precondition: {required}, UID in object meta: {actual}");
        }
    }

    /// <exception cref="StatusException">409: a version was required and the object is at another.</exception>
    public static void CheckVersion(string resource, string name, string? required, JsonObject old)
    {
        var actual = old.Text("metadata", "resourceVersion");
        if (!string.IsNullOrEmpty(required) && required != actual)
        {
            throw StatusException.Conflict(
                resource, name, $"Precondition failed: ResourceVersion in precondition: {required}, ResourceVersion in object meta: {actual}");
        }
    }

    /// <summary>Puts back what only the server sets.</summary>
    public static void Preserve(JsonObject obj, JsonObject old)
    {
        foreach (var field in ServerOwned)
        {
            obj.Metadata().CopyField(old.Metadata(), field);
        }
    }

    /// <summary>An object on its way out takes no new finalizers.</summary>
    public static void CheckFinalizers(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        if (old.Text("metadata", "deletionTimestamp") is null)
        {
            return;
        }

        var added = obj.Texts("metadata", "finalizers").Except(old.Texts("metadata", "finalizers")).Select(name => $"\"{name}\"").ToArray();
        if (added.Length > 0)
        {
            errors.Forbidden(
                "metadata.finalizers",
                $"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{string.Join(", ", added)}}}");
        }
    }
}

using System.Text.Json;

namespace Dataplane.Api;

/// <summary>apps/v1 ControllerRevision: one state of a DaemonSet or StatefulSet, to go back to.</summary>
public sealed record ControllerRevision : IResource<ControllerRevision>
{
    public static ResourceType Resource { get; } = new("apps", "v1", "ControllerRevision", "controllerrevisions", true);

    public string ApiVersion { get; set; } = "apps/v1";
    public string Kind { get; set; } = "ControllerRevision";
    public ObjectMeta Metadata { get; set; } = new();

    /// <summary>A strategic merge patch that gives the owner this state back.</summary>
    public JsonElement? Data { get; set; }

    /// <summary>Counts up with each change of the owner.</summary>
    public long Revision { get; set; }
}

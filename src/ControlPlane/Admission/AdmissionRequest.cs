using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.Admission;

/// <summary>A write that admission is asked about.</summary>
/// <param name="Descriptor">The kind.</param>
/// <param name="Namespace">Of the request; empty for cluster-scoped kinds.</param>
/// <param name="Object">As it will be stored; a step before validation may change it.</param>
/// <param name="Old">The version it replaces; null at creation.</param>
/// <param name="DryRun">Nothing may be kept of it.</param>
internal sealed record AdmissionRequest(ResourceDescriptor Descriptor, string Namespace, JsonObject Object, JsonObject? Old, bool DryRun)
{
    /// <summary>403 with the reason, in the form upstream's admission plugins give it.</summary>
    public StatusException Forbidden(string why) =>
        StatusException.Forbidden(Descriptor.Names.Qualified, Object["metadata"]?["name"]?.GetValue<string>() ?? "", why);
}

/// <summary>Something counted for a write. Disposing gives it back unless the write was made.</summary>
internal interface IAdmissionHold : IAsyncDisposable
{
    void Keep();
}

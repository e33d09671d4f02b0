using System.Text.Json.Serialization;
using Dataplane.Api.Json;

namespace Dataplane.Api;

/// <summary>coordination.k8s.io/v1 Lease: a heartbeat or an election.</summary>
public sealed record Lease : IResource<Lease>
{
    public static ResourceType Resource { get; } = new("coordination.k8s.io", "v1", "Lease", "leases", true);

    public string ApiVersion { get; set; } = "coordination.k8s.io/v1";
    public string Kind { get; set; } = "Lease";
    public ObjectMeta Metadata { get; set; } = new();
    public LeaseSpec Spec { get; set; } = new();
}

public sealed record LeaseSpec
{
    public string? HolderIdentity { get; set; }
    public int? LeaseDurationSeconds { get; set; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? AcquireTime { get; set; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? RenewTime { get; set; }

    public int? LeaseTransitions { get; set; }
    public string? Strategy { get; set; }
    public string? PreferredHolder { get; set; }
}

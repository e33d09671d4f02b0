namespace Dataplane.Api;

/// <summary>networking.k8s.io/v1 ServiceCIDR: networks that ClusterIPs are taken from. Source: KEP-1880; v1 since 1.33.</summary>
public sealed record ServiceCIDR : IResource<ServiceCIDR>
{
    public static ResourceType Resource { get; } = new("networking.k8s.io", "v1", "ServiceCIDR", "servicecidrs", false);

    public string ApiVersion { get; set; } = "networking.k8s.io/v1";
    public string Kind { get; set; } = "ServiceCIDR";
    public ObjectMeta Metadata { get; set; } = new();
    public ServiceCIDRSpec Spec { get; set; } = new();
}

public sealed record ServiceCIDRSpec
{
    /// <summary>In CIDR notation, one of each family at most.</summary>
    public List<string> Cidrs { get; set; } = [];
}

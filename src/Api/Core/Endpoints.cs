namespace Dataplane.Api;

/// <summary>core/v1 Endpoints, the older form of EndpointSlice.</summary>
public sealed record Endpoints : IResource<Endpoints>
{
    public static ResourceType Resource { get; } = new("", "v1", "Endpoints", "endpoints", true);

    public string ApiVersion { get; set; } = "v1";
    public string Kind { get; set; } = "Endpoints";
    public ObjectMeta Metadata { get; set; } = new();
    public List<EndpointSubset> Subsets { get; set; } = [];
}

/// <summary>Addresses that share ports.</summary>
public sealed record EndpointSubset
{
    public List<EndpointAddress> Addresses { get; set; } = [];
    public List<EndpointAddress> NotReadyAddresses { get; set; } = [];
    public List<CoreEndpointPort> Ports { get; set; } = [];
}

public sealed record EndpointAddress
{
    public string IP { get; set; } = "";
    public string? Hostname { get; set; }
    public string? NodeName { get; set; }
    public ObjectReference? TargetRef { get; set; }
}

/// <summary>core/v1 EndpointPort; the discovery group has one of the same name.</summary>
public sealed record CoreEndpointPort
{
    public string Name { get; set; } = "";
    public int Port { get; set; }
    public string? Protocol { get; set; }
    public string? AppProtocol { get; set; }
}

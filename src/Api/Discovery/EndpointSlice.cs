namespace Dataplane.Api;

/// <summary>discovery.k8s.io/v1 EndpointSlice.</summary>
public sealed record EndpointSlice : IResource<EndpointSlice>
{
    public static ResourceType Resource { get; } = new("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true);

    public string ApiVersion { get; set; } = "discovery.k8s.io/v1";
    public string Kind { get; set; } = "EndpointSlice";
    public ObjectMeta Metadata { get; set; } = new();

    /// <summary><c>IPv4</c>, <c>IPv6</c> or <c>FQDN</c>.</summary>
    public string AddressType { get; set; } = "";

    public List<Endpoint> Endpoints { get; set; } = [];
    public List<EndpointPort> Ports { get; set; } = [];
}

public sealed record Endpoint
{
    /// <summary>Consumers use the first only (the rest is reserved by the API).</summary>
    public List<string> Addresses { get; set; } = [];

    public EndpointConditions Conditions { get; set; } = new();
    public string? Hostname { get; set; }
    public ObjectReference? TargetRef { get; set; }
    public string? NodeName { get; set; }
    public string? Zone { get; set; }
    public EndpointHints? Hints { get; set; }
}

/// <summary>Absent ready and serving mean true, absent terminating means false.</summary>
public sealed record EndpointConditions
{
    public bool? Ready { get; set; }
    public bool? Serving { get; set; }
    public bool? Terminating { get; set; }
}

/// <summary>Who should use an endpoint, when the service asks for topology-aware traffic.</summary>
public sealed record EndpointHints
{
    public List<ForZone> ForZones { get; set; } = [];
    public List<ForNode> ForNodes { get; set; } = [];
}

public sealed record ForZone
{
    public string Name { get; set; } = "";
}

public sealed record ForNode
{
    public string Name { get; set; } = "";
}

/// <summary>discovery.k8s.io/v1 EndpointPort.</summary>
public sealed record EndpointPort
{
    public string? Name { get; set; }
    public string? Protocol { get; set; }

    /// <summary>Absent: consumers decide; in slices of services it is always there.</summary>
    public int? Port { get; set; }

    public string? AppProtocol { get; set; }
}

using System.Net;
using Dataplane.Api;

namespace Dataplane.Dns.Zones;

/// <summary>What names are made of in a Service; the rest of the object is not kept.</summary>
internal sealed record ServiceShape(string Namespace, string Name)
{
    private const string None = "None";

    /// <summary>The target of an ExternalName service as its author wrote it; null for the other types.</summary>
    internal string? ExternalName { get; private init; }

    internal bool IsHeadless { get; private init; }

    /// <summary>Empty while there is none, and for a headless service.</summary>
    internal IPAddress[] ClusterAddresses { get; private init; } = [];

    internal PortShape[] Ports { get; private init; } = [];

    /// <summary>Whether names made of both are the same.</summary>
    internal bool Same(ServiceShape other) => (ExternalName, IsHeadless) == (other.ExternalName, other.IsHeadless)
        && Enumerable.SequenceEqual(ClusterAddresses, other.ClusterAddresses) && Ports.AsSpan().SequenceEqual(other.Ports);

    internal static ServiceShape Of(Service service) => new(service.Metadata.Namespace, service.Metadata.Name)
    {
        ExternalName = service.Spec.Type == "ExternalName" ? service.Spec.ExternalName ?? "" : null,
        IsHeadless = service.Spec.ClusterIP == None || service.Spec.ClusterIPs.Contains(None),
        ClusterAddresses = Addresses(service.Spec.ClusterIPs.Count > 0 ? service.Spec.ClusterIPs : [service.Spec.ClusterIP ?? ""]),
        Ports = [.. service.Spec.Ports.Select(port => PortShape.Of(port.Name, port.Protocol, port.Port))],
    };

    private static IPAddress[] Addresses(List<string> texts) =>
        [.. texts.Select(text => IPAddress.TryParse(text, out var address) ? address : null).OfType<IPAddress>()];
}

/// <summary>A port's name (may be empty), protocol and number, names folded.</summary>
internal readonly record struct PortShape(string Name, string Protocol, ushort Number)
{
    internal static PortShape Of(string? name, string? protocol, int number) => new(
        (name ?? "").ToLowerInvariant(),
        protocol switch { null or "TCP" => "tcp", "UDP" => "udp", "SCTP" => "sctp", _ => protocol.ToLowerInvariant() },
        (ushort)number);
}

/// <summary>A ready endpoint: its hostname where the pod has one, and one address.</summary>
internal readonly record struct ReadyAddress(IPAddress Address, string? Hostname);

/// <summary>What names are made of in an EndpointSlice.</summary>
/// <param name="Service">The service it is of, in its own namespace; null when it is nobody's.</param>
/// <param name="Ports">Of every endpoint in it.</param>
/// <param name="Endpoints">The ready ones.</param>
internal sealed record SliceShape(string? Service, PortShape[] Ports, ReadyAddress[] Endpoints)
{
    private const string ServiceNameLabel = "kubernetes.io/service-name";

    /// <summary>Whether names made of both are the same.</summary>
    internal bool Same(SliceShape other) => Service == other.Service && Ports.AsSpan().SequenceEqual(other.Ports) && Endpoints.AsSpan().SequenceEqual(other.Endpoints);

    /// <summary>The EndpointSlice controller has folded publishNotReadyAddresses into ready already; absent means ready.</summary>
    /// <param name="slice">The object.</param>
    /// <param name="byPod">Whether an endpoint without a hostname goes by its pod's name.</param>
    internal static SliceShape Of(EndpointSlice slice, bool byPod = false) => new(
        slice.Metadata.Labels.GetValueOrDefault(ServiceNameLabel),
        [.. slice.Ports.Where(port => port.Port is not null).Select(port => PortShape.Of(port.Name, port.Protocol, port.Port!.Value))],
        slice.AddressType == "FQDN" ? [] : [.. Ready(slice, byPod)]);

    private static IEnumerable<ReadyAddress> Ready(EndpointSlice slice, bool byPod) =>
        from endpoint in slice.Endpoints
        where endpoint.Conditions.Ready ?? true
        from text in endpoint.Addresses
        let address = IPAddress.TryParse(text, out var parsed) ? parsed : null
        where address is not null
        select new ReadyAddress(address, endpoint.Hostname is { Length: > 0 } hostname ? hostname : byPod ? PodLabel(endpoint) : null);

    /// <summary>A pod's name may have dots, and then it is no label.</summary>
    private static string? PodLabel(Endpoint endpoint) =>
        endpoint.TargetRef is { Kind: "Pod", Name: { Length: > 0 } name } && !name.Contains('.', StringComparison.Ordinal) ? name : null;
}

/// <summary>A slice as it arrives.</summary>
/// <param name="Shape">What is kept of it.</param>
/// <param name="Triggered">When what it tells of came about, as the EndpointSlice controller notes; null when it does not.</param>
internal sealed record SliceChange(SliceShape Shape, DateTimeOffset? Triggered)
{
    internal static SliceChange Of(EndpointSlice slice, bool byPod) => new(SliceShape.Of(slice, byPod), EndpointTriggerTime.Of(slice));
}

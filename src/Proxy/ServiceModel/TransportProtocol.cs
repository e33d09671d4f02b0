namespace Dataplane.Proxy.ServiceModel;

/// <summary>The protocols a Service port may have; the values are IP protocol numbers (IANA).</summary>
public enum TransportProtocol : byte
{
    /// <summary>IPPROTO_TCP.</summary>
    Tcp = 6,

    /// <summary>IPPROTO_UDP.</summary>
    Udp = 17,

    /// <summary>IPPROTO_SCTP.</summary>
    Sctp = 132,
}

internal static class TransportProtocols
{
    /// <summary>The name in a Service or EndpointSlice; an absent one means TCP.</summary>
    internal static bool TryParse(string? name, out TransportProtocol protocol)
    {
        (protocol, var known) = name switch
        {
            null or "" or "TCP" => (TransportProtocol.Tcp, true),
            "UDP" => (TransportProtocol.Udp, true),
            "SCTP" => (TransportProtocol.Sctp, true),
            _ => (default, false),
        };
        return known;
    }
}

namespace Dataplane.Proxy.Nftables.Rules;

/// <summary>What a key is put together from, in the words of <c>nft</c>.</summary>
internal enum Field
{
    /// <summary>ip saddr.</summary>
    SourceAddress,

    /// <summary>ip daddr.</summary>
    DestinationAddress,

    /// <summary>meta l4proto.</summary>
    Protocol,

    /// <summary>th dport.</summary>
    DestinationPort,
}

/// <summary>Keys that sets and maps share.</summary>
internal static class Keys
{
    /// <summary>A front end at an address.</summary>
    internal static readonly Field[] Address = [Field.DestinationAddress, Field.Protocol, Field.DestinationPort];

    /// <summary>A front end at every address of the node.</summary>
    internal static readonly Field[] NodePort = [Field.Protocol, Field.DestinationPort];
}

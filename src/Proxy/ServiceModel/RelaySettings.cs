namespace Dataplane.Proxy.ServiceModel;

/// <summary>How a relay chooses among the endpoints of a Service.</summary>
public enum BalancePolicy
{
    /// <summary>Each in turn.</summary>
    RoundRobin,

    /// <summary>Any, with equal chance.</summary>
    Random,

    /// <summary>Of two drawn at random the one with fewer open connections.</summary>
    LeastConnections,

    /// <summary>By the client's address: an endpoint that comes or goes moves only the clients it gains or loses.</summary>
    SourceHash,

    /// <summary>By the client's address and port through a table of Maglev hashing: constant time whatever the number of endpoints.</summary>
    Maglev,
}

/// <summary>What a Service asks, by annotations, of a proxy that relays. Kernel modes cannot do it and do not look at it.</summary>
public sealed record RelaySettings
{
    /// <summary>Of a Service without annotations.</summary>
    public static RelaySettings Default { get; } = new();

    /// <summary><see cref="RelayAnnotations.Balance"/>.</summary>
    public BalancePolicy Balance { get; init; }

    /// <summary><see cref="RelayAnnotations.ProxyProtocol"/>: each connection to an endpoint begins with a PROXY header of version 2.</summary>
    public bool ProxyProtocol { get; init; }

    /// <summary><see cref="RelayAnnotations.SlowStart"/>: for so long an endpoint that was added gets a growing part of its share. Zero for all of it at once.</summary>
    public TimeSpan SlowStart { get; init; }

    /// <summary><see cref="RelayAnnotations.Drain"/>: connections to an endpoint that was removed are reset after so long; null for never.</summary>
    public TimeSpan? Drain { get; init; }
}

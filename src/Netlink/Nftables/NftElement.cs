namespace Dataplane.Netlink.Nftables;

/// <summary>An element of a set or map.</summary>
/// <param name="Key">As long as the set's key type says.</param>
public readonly record struct NftElement(NftValue Key)
{
    /// <summary>An element of a map.</summary>
    public NftElement(NftValue key, NftValue data)
        : this(key) => Data = data;

    /// <summary>An element of a verdict map.</summary>
    public NftElement(NftValue key, NftVerdict verdict)
        : this(key) => Verdict = verdict;

    /// <summary>Last key of a range, inclusive, in an interval set of concatenations.</summary>
    public NftValue? KeyEnd { get; init; }

    /// <summary>
    /// NFT_SET_ELEM_INTERVAL_END: in an interval set of single values a range is two elements, its first key and this one, the key behind its last.
    /// </summary>
    public bool IsIntervalEnd { get; init; }

    /// <summary>A map's data.</summary>
    public NftValue? Data { get; init; }

    /// <summary>A verdict map's data.</summary>
    public NftVerdict? Verdict { get; init; }

    /// <summary>Its own time-out in place of the set's.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>What is left of the time-out; listings only.</summary>
    public TimeSpan? Expiration { get; init; }
}

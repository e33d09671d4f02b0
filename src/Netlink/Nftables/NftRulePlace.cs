namespace Dataplane.Netlink.Nftables;

/// <summary>Where in its chain a new rule goes.</summary>
public readonly record struct NftRulePlace
{
    private NftRulePlace(bool isAppend, ulong handle) => (IsAppend, Handle) = (isAppend, handle);

    /// <summary>Behind all others.</summary>
    public static NftRulePlace Last { get; } = new(true, 0);

    /// <summary>Ahead of all others.</summary>
    public static NftRulePlace First { get; } = new(false, 0);

    internal bool IsAppend { get; }

    /// <summary>The rule it goes next to; 0 for none.</summary>
    internal ulong Handle { get; }

    /// <summary>Just ahead of the rule with this handle.</summary>
    public static NftRulePlace Before(ulong handle) => new(false, handle);
}

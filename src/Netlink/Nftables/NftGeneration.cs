namespace Dataplane.Netlink.Nftables;

/// <summary>A transaction that somebody committed.</summary>
/// <param name="Id">The ruleset's generation after it; one more with every transaction of the namespace.</param>
/// <param name="PortId">The netlink socket it came from; compare with <see cref="NftablesConnection.PortId"/>.</param>
/// <param name="ProcessId">In the initial process namespace.</param>
/// <param name="ProcessName">At most 15 bytes.</param>
/// <param name="Tables">The tables it changed something in.</param>
/// <param name="Chains">The chains that came, went or changed, or whose rules did.</param>
/// <param name="Incomplete">The kernel dropped notifications: any table may have changed. Numbers that are not known are 0.</param>
public sealed record NftGeneration(
    uint Id, uint PortId, int ProcessId, string ProcessName, IReadOnlySet<NftTable> Tables,
    IReadOnlySet<(NftTable Table, string Chain)> Chains, bool Incomplete);

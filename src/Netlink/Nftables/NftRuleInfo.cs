namespace Dataplane.Netlink.Nftables;

/// <summary>A rule as the kernel lists it.</summary>
/// <param name="Table">Its table.</param>
/// <param name="Chain">Its chain.</param>
/// <param name="Handle">Unique within the table for ever; what <see cref="NftBatch.DeleteRule"/> takes.</param>
/// <param name="Comment">What <c>nft</c> shows as comment, or null.</param>
/// <param name="Expressions">The value of NFTA_RULE_EXPRESSIONS as the kernel wrote it.</param>
public sealed record NftRuleInfo(NftTable Table, string Chain, ulong Handle, string? Comment, ReadOnlyMemory<byte> Expressions)
{
    /// <summary>The chain it jumps or goes to; null when it does neither.</summary>
    public string? JumpTarget => NftListings.FindJump(Expressions.Span);

    /// <summary>Packets that came as far as its first counter; null when it has none.</summary>
    public ulong? Packets => NftListings.FindPackets(Expressions.Span);
}

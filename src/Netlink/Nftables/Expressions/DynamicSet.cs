using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// Adds the packet's key to a set made with <see cref="NftSetFlags.Dynamic"/>, renews it, or removes it.
/// <code>
/// dynset
///   NFTA_DYNSET_SREG_KEY   register
///   NFTA_DYNSET_SREG_DATA  register, maps only
///   NFTA_DYNSET_OP         enum nft_dynset_ops
///   NFTA_DYNSET_TIMEOUT    u64 milliseconds
///   NFTA_DYNSET_SET_NAME   string
///   NFTA_DYNSET_EXPR       what each element does for every packet: a counter
/// </code>
/// </summary>
/// <param name="Set">Of the same table.</param>
/// <param name="Operation">What to do.</param>
/// <param name="Key">Where the key starts.</param>
/// <param name="Data">Where a map's data are.</param>
/// <param name="Timeout">Of the element in place of the set's.</param>
public sealed record DynamicSet(string Set, DynamicSetOperation Operation, NftRegister Key, NftRegister? Data = null, TimeSpan? Timeout = null) : NftExpression
{
    /// <summary>Runs for each packet that comes to an element, and is kept with it.</summary>
    public NftExpression? PerElement { get; init; }

    internal override string Name => "dynset";

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.U32BigEndian(NFTA_DYNSET_SREG_KEY, (uint)Key);
        if (Data is { } data)
        {
            writer.U32BigEndian(NFTA_DYNSET_SREG_DATA, (uint)data);
        }

        writer.U32BigEndian(NFTA_DYNSET_OP, (uint)Operation);
        if (Timeout is { } timeout)
        {
            writer.U64BigEndian(NFTA_DYNSET_TIMEOUT, (ulong)timeout.TotalMilliseconds);
        }

        writer.String(NFTA_DYNSET_SET_NAME, Set);
        if (PerElement is { } expression)
        {
            var nested = writer.BeginNested(NFTA_DYNSET_EXPR | Uapi.NetlinkHeader.NLA_F_NESTED);
            expression.WriteBody(ref writer);
            writer.EndNested(nested);
        }
    }
}

/// <summary>enum nft_dynset_ops.</summary>
public enum DynamicSetOperation : uint
{
    /// <summary>Unless it is there.</summary>
    Add = NFT_DYNSET_OP_ADD,

    /// <summary>And start its time-out again.</summary>
    Update = NFT_DYNSET_OP_UPDATE,

    /// <summary>If it is there (Linux 5.4).</summary>
    Delete = NFT_DYNSET_OP_DELETE,
}

using Dataplane.Netlink.Codec;
using Dataplane.Netlink.Nftables.Expressions;
using static Dataplane.Netlink.Uapi.NfTablesCompatHeader;

namespace Dataplane.Netlink.Nftables.Xtables;

/// <summary>
/// An extension of x_tables as iptables-nft writes it: a name, a revision and the extension's own C struct (net/netfilter/nft_compat.c).
/// <code>
/// match                 target
///   NFTA_MATCH_NAME       NFTA_TARGET_NAME   string
///   NFTA_MATCH_REV        NFTA_TARGET_REV    be32
///   NFTA_MATCH_INFO       NFTA_TARGET_INFO   struct, padded to 8 bytes; integers in the machine's order unless the struct says __be
/// </code>
/// </summary>
public abstract record XtExtension : NftExpression
{
    /// <summary>Bounds every struct here: the kernel's own alignment of them (XT_ALIGN).</summary>
    private const int Alignment = 8;

    /// <summary>The largest struct, xt_sctp_info, is 292 bytes.</summary>
    private const int LongestInfo = 320;

    internal override string Name => IsTarget ? "target" : "match";

    /// <summary>A target acts, a match looks.</summary>
    private protected virtual bool IsTarget => false;

    private protected abstract string Extension { get; }

    private protected abstract int Revision { get; }

    /// <summary>sizeof the struct.</summary>
    private protected abstract int InfoLength { get; }

    /// <summary>Fills a zeroed struct.</summary>
    private protected abstract void WriteInfo(Span<byte> info);

    internal override void WriteData(ref NetlinkWriter writer)
    {
        Span<byte> info = stackalloc byte[LongestInfo];
        info = info[..((InfoLength + Alignment - 1) / Alignment * Alignment)];
        info.Clear();
        WriteInfo(info);
        writer.String(IsTarget ? NFTA_TARGET_NAME : NFTA_MATCH_NAME, Extension);
        writer.U32BigEndian(IsTarget ? NFTA_TARGET_REV : NFTA_MATCH_REV, (uint)Revision);
        writer.Bytes(IsTarget ? NFTA_TARGET_INFO : NFTA_MATCH_INFO, info);
    }
}

using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NetfilterHeader;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables;

/// <summary>What becomes of a packet.</summary>
/// <param name="Code">enum nft_verdicts, or NF_ACCEPT, NF_DROP.</param>
/// <param name="Chain">Where a jump or goto leads.</param>
public readonly record struct NftVerdict(int Code, string? Chain = null)
{
    /// <summary>Ends this hook's chain; later chains still see the packet.</summary>
    public static NftVerdict Accept => new(NF_ACCEPT);

    /// <summary>Ends the packet.</summary>
    public static NftVerdict Drop => new(NF_DROP);

    /// <summary>Back to the rule after the jump.</summary>
    public static NftVerdict Return => new(NFT_RETURN);

    /// <summary>On with the next rule.</summary>
    public static NftVerdict Continue => new(NFT_CONTINUE);

    /// <summary>To a chain, and back when it ends.</summary>
    public static NftVerdict Jump(string chain) => new(NFT_JUMP, chain);

    /// <summary>To a chain for good.</summary>
    public static NftVerdict Goto(string chain) => new(NFT_GOTO, chain);

    /// <summary>NFTA_DATA_VERDICT { NFTA_VERDICT_CODE, NFTA_VERDICT_CHAIN }.</summary>
    internal void Write(ref NetlinkWriter writer)
    {
        var verdict = writer.BeginNested(NFTA_DATA_VERDICT | Uapi.NetlinkHeader.NLA_F_NESTED);
        writer.U32BigEndian(NFTA_VERDICT_CODE, (uint)Code);
        if (Chain is not null)
        {
            writer.String(NFTA_VERDICT_CHAIN, Chain);
        }

        writer.EndNested(verdict);
    }

    /// <summary>Reads what <see cref="Write"/> writes.</summary>
    internal static NftVerdict Parse(NetlinkAttribute verdict)
    {
        var code = 0;
        string? chain = null;
        var attributes = verdict.Nested;
        while (attributes.Read(out var attribute))
        {
            switch (attribute.Type)
            {
                case NFTA_VERDICT_CODE:
                    code = (int)attribute.U32BigEndian;
                    break;
                case NFTA_VERDICT_CHAIN:
                    chain = attribute.Text;
                    break;
            }
        }

        return new NftVerdict(code, chain);
    }
}

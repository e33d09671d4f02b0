using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// Asks the routing tables about the packet.
/// <code>
/// fib
///   NFTA_FIB_FLAGS   bits of enum nft_fib_flags
///   NFTA_FIB_RESULT  enum nft_fib_result
///   NFTA_FIB_DREG    register
/// </code>
/// </summary>
/// <param name="Flags">What to look up, and with what.</param>
/// <param name="Result">What to load.</param>
/// <param name="Destination">Where to.</param>
public sealed record Fib(FibFlags Flags, FibResult Result, NftRegister Destination) : NftExpression
{
    internal override string Name => "fib";

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.U32BigEndian(NFTA_FIB_FLAGS, (uint)Flags);
        writer.U32BigEndian(NFTA_FIB_RESULT, (uint)Result);
        writer.U32BigEndian(NFTA_FIB_DREG, (uint)Destination);
    }
}

/// <summary>enum nft_fib_flags.</summary>
[Flags]
public enum FibFlags : uint
{
    /// <summary>The packet's source.</summary>
    Source = NFTA_FIB_F_SADDR,

    /// <summary>The packet's destination.</summary>
    Destination = NFTA_FIB_F_DADDR,

    /// <summary>With the packet's mark.</summary>
    Mark = NFTA_FIB_F_MARK,

    /// <summary>On the incoming device.</summary>
    Input = NFTA_FIB_F_IIF,

    /// <summary>On the outgoing device.</summary>
    Output = NFTA_FIB_F_OIF,
}

/// <summary>enum nft_fib_result.</summary>
public enum FibResult : uint
{
    /// <summary>Index of the device, 4 bytes in the machine's order.</summary>
    OutputIndex = NFT_FIB_RESULT_OIF,

    /// <summary>Name of the device, 16 bytes.</summary>
    OutputName = NFT_FIB_RESULT_OIFNAME,

    /// <summary>The address's type, 4 bytes in the machine's order: a <see cref="Route.RouteType"/>, of which Local is 2.</summary>
    AddressType = NFT_FIB_RESULT_ADDRTYPE,
}

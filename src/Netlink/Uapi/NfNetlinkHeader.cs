namespace Dataplane.Netlink.Uapi;

/// <summary>linux/netfilter/nfnetlink.h: the frame of every netfilter message.</summary>
[KernelHeader("linux/netfilter/nfnetlink.h")]
internal static class NfNetlinkHeader
{
    internal const int NFNL_SUBSYS_CTNETLINK = 1;
    internal const int NFNL_SUBSYS_IPSET = 6;
    internal const int NFNL_SUBSYS_NFTABLES = 10;
    internal const int NFNL_MSG_BATCH_BEGIN = 0x10;
    internal const int NFNL_MSG_BATCH_END = 0x11;
    internal const int NFNLGRP_NFTABLES = 7;
}

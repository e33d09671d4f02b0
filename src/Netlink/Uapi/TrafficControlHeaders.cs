namespace Dataplane.Netlink.Uapi;

/// <summary>linux/rtnetlink.h: traffic control.</summary>
[KernelHeader("linux/rtnetlink.h")]
internal static class TrafficControlHeader
{
    internal const int RTM_NEWQDISC = 36;
    internal const int RTM_NEWTFILTER = 44;

    internal const int TCA_KIND = 1;
    internal const int TCA_OPTIONS = 2;
}

/// <summary>linux/pkt_sched.h.</summary>
[KernelHeader("linux/pkt_sched.h")]
internal static class PktSchedHeader
{
    internal const int TC_LINKLAYER_ETHERNET = 1;

    internal const int TCA_TBF_PARMS = 1;
    internal const int TCA_TBF_RATE64 = 4;
    internal const int TCA_TBF_BURST = 6;
}

/// <summary>linux/pkt_cls.h.</summary>
[KernelHeader("linux/pkt_cls.h")]
internal static class PktClsHeader
{
    internal const int TCA_ACT_KIND = 1;
    internal const int TCA_ACT_OPTIONS = 2;
    internal const int TC_ACT_STOLEN = 4;

    internal const int TCA_U32_SEL = 5;
    internal const int TCA_U32_ACT = 7;
    internal const int TC_U32_TERMINAL = 1;
}

/// <summary>linux/tc_act/tc_mirred.h.</summary>
[KernelHeader("linux/tc_act/tc_mirred.h")]
internal static class TcMirredHeader
{
    internal const int TCA_EGRESS_REDIR = 1;
    internal const int TCA_MIRRED_PARMS = 2;
}

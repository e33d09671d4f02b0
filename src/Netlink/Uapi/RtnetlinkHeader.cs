namespace Dataplane.Netlink.Uapi;

/// <summary>linux/rtnetlink.h: message types, routes.</summary>
[KernelHeader("linux/rtnetlink.h")]
internal static class RtnetlinkHeader
{
    internal const int RTM_NEWLINK = 16;
    internal const int RTM_DELLINK = 17;
    internal const int RTM_GETLINK = 18;
    internal const int RTM_SETLINK = 19;
    internal const int RTM_NEWADDR = 20;
    internal const int RTM_DELADDR = 21;
    internal const int RTM_GETADDR = 22;
    internal const int RTM_NEWROUTE = 24;
    internal const int RTM_DELROUTE = 25;
    internal const int RTM_GETROUTE = 26;
    internal const int RTM_NEWNEIGH = 28;
    internal const int RTM_DELNEIGH = 29;
    internal const int RTM_NEWRULE = 32;
    internal const int RTM_DELRULE = 33;
    internal const int RTM_GETRULE = 34;

    internal const int RTN_UNICAST = 1;
    internal const int RTN_LOCAL = 2;
    internal const int RTN_BROADCAST = 3;
    internal const int RTN_ANYCAST = 4;
    internal const int RTN_MULTICAST = 5;
    internal const int RTN_BLACKHOLE = 6;
    internal const int RTN_UNREACHABLE = 7;
    internal const int RTN_PROHIBIT = 8;
    internal const int RTN_THROW = 9;

    internal const int RTPROT_STATIC = 4;

    internal const int RT_SCOPE_UNIVERSE = 0;
    internal const int RT_SCOPE_LINK = 253;
    internal const int RT_SCOPE_HOST = 254;
    internal const int RT_SCOPE_NOWHERE = 255;

    internal const int RT_TABLE_UNSPEC = 0;
    internal const int RT_TABLE_MAIN = 254;

    internal const int RTA_DST = 1;
    internal const int RTA_OIF = 4;
    internal const int RTA_GATEWAY = 5;
    internal const int RTA_PRIORITY = 6;
    internal const int RTA_PREFSRC = 7;
    internal const int RTA_TABLE = 15;

    internal const int RTM_F_CLONED = 0x200;
    internal const int RTNH_F_ONLINK = 4;
    internal const int RTEXT_FILTER_SKIP_STATS = 8;
}

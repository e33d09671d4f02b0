namespace Dataplane.Netlink.Uapi;

/// <summary>linux/ip_vs.h: virtual services and their real servers.</summary>
[KernelHeader("linux/ip_vs.h")]
internal static class IpVsHeader
{
    internal const int IPVS_GENL_VERSION = 1;

    internal const int IPVS_CMD_NEW_SERVICE = 1;
    internal const int IPVS_CMD_SET_SERVICE = 2;
    internal const int IPVS_CMD_DEL_SERVICE = 3;
    internal const int IPVS_CMD_GET_SERVICE = 4;
    internal const int IPVS_CMD_NEW_DEST = 5;
    internal const int IPVS_CMD_SET_DEST = 6;
    internal const int IPVS_CMD_DEL_DEST = 7;
    internal const int IPVS_CMD_GET_DEST = 8;
    internal const int IPVS_CMD_SET_CONFIG = 12;
    internal const int IPVS_CMD_GET_CONFIG = 13;
    internal const int IPVS_CMD_GET_INFO = 15;
    internal const int IPVS_CMD_FLUSH = 17;

    internal const int IPVS_CMD_ATTR_SERVICE = 1;
    internal const int IPVS_CMD_ATTR_DEST = 2;
    internal const int IPVS_CMD_ATTR_TIMEOUT_TCP = 4;
    internal const int IPVS_CMD_ATTR_TIMEOUT_TCP_FIN = 5;
    internal const int IPVS_CMD_ATTR_TIMEOUT_UDP = 6;

    internal const int IPVS_SVC_ATTR_AF = 1;
    internal const int IPVS_SVC_ATTR_PROTOCOL = 2;
    internal const int IPVS_SVC_ATTR_ADDR = 3;
    internal const int IPVS_SVC_ATTR_PORT = 4;
    internal const int IPVS_SVC_ATTR_FWMARK = 5;
    internal const int IPVS_SVC_ATTR_SCHED_NAME = 6;
    internal const int IPVS_SVC_ATTR_FLAGS = 7;
    internal const int IPVS_SVC_ATTR_TIMEOUT = 8;
    internal const int IPVS_SVC_ATTR_NETMASK = 9;
    internal const int IPVS_SVC_ATTR_STATS64 = 12;

    internal const int IPVS_DEST_ATTR_ADDR = 1;
    internal const int IPVS_DEST_ATTR_PORT = 2;
    internal const int IPVS_DEST_ATTR_FWD_METHOD = 3;
    internal const int IPVS_DEST_ATTR_WEIGHT = 4;
    internal const int IPVS_DEST_ATTR_U_THRESH = 5;
    internal const int IPVS_DEST_ATTR_L_THRESH = 6;
    internal const int IPVS_DEST_ATTR_ACTIVE_CONNS = 7;
    internal const int IPVS_DEST_ATTR_INACT_CONNS = 8;
    internal const int IPVS_DEST_ATTR_PERSIST_CONNS = 9;
    internal const int IPVS_DEST_ATTR_ADDR_FAMILY = 11;
    internal const int IPVS_DEST_ATTR_STATS64 = 12;

    internal const int IPVS_STATS_ATTR_CONNS = 1;
    internal const int IPVS_STATS_ATTR_INPKTS = 2;
    internal const int IPVS_STATS_ATTR_OUTPKTS = 3;
    internal const int IPVS_STATS_ATTR_INBYTES = 4;
    internal const int IPVS_STATS_ATTR_OUTBYTES = 5;
    internal const int IPVS_STATS_ATTR_CPS = 6;
    internal const int IPVS_STATS_ATTR_INPPS = 7;
    internal const int IPVS_STATS_ATTR_OUTPPS = 8;
    internal const int IPVS_STATS_ATTR_INBPS = 9;
    internal const int IPVS_STATS_ATTR_OUTBPS = 10;

    internal const int IPVS_INFO_ATTR_VERSION = 1;

    internal const int IP_VS_SVC_F_PERSISTENT = 1;
    internal const int IP_VS_SVC_F_HASHED = 2;
    internal const int IP_VS_SVC_F_SCHED2 = 0x10;
    internal const int IP_VS_CONN_F_MASQ = 0;
}

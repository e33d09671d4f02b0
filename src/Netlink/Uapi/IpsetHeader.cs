namespace Dataplane.Netlink.Uapi;

/// <summary>linux/netfilter/ipset/ip_set.h.</summary>
[KernelHeader("linux/netfilter/ipset/ip_set.h")]
internal static class IpsetHeader
{
    internal const int IPSET_PROTOCOL = 7;
    internal const int IPSET_MAXNAMELEN = 32;

    internal const int IPSET_CMD_PROTOCOL = 1;
    internal const int IPSET_CMD_CREATE = 2;
    internal const int IPSET_CMD_DESTROY = 3;
    internal const int IPSET_CMD_FLUSH = 4;
    internal const int IPSET_CMD_SWAP = 6;
    internal const int IPSET_CMD_LIST = 7;
    internal const int IPSET_CMD_ADD = 9;
    internal const int IPSET_CMD_DEL = 10;
    internal const int IPSET_CMD_TYPE = 13;
    internal const int IPSET_CMD_GET_BYNAME = 14;

    internal const int IPSET_ATTR_PROTOCOL = 1;
    internal const int IPSET_ATTR_SETNAME = 2;
    internal const int IPSET_ATTR_TYPENAME = 3;
    internal const int IPSET_ATTR_SETNAME2 = 3;
    internal const int IPSET_ATTR_REVISION = 4;
    internal const int IPSET_ATTR_FAMILY = 5;
    internal const int IPSET_ATTR_FLAGS = 6;
    internal const int IPSET_ATTR_DATA = 7;
    internal const int IPSET_ATTR_ADT = 8;
    internal const int IPSET_ATTR_LINENO = 9;
    internal const int IPSET_ATTR_INDEX = 11;

    internal const int IPSET_ATTR_IP = 1;
    internal const int IPSET_ATTR_CIDR = 3;
    internal const int IPSET_ATTR_PORT = 4;
    internal const int IPSET_ATTR_PORT_TO = 5;
    internal const int IPSET_ATTR_PROTO = 7;
    internal const int IPSET_ATTR_CADT_FLAGS = 8;
    internal const int IPSET_ATTR_MAXELEM = 19;
    internal const int IPSET_ATTR_ELEMENTS = 24;
    internal const int IPSET_ATTR_IP2 = 20;
    internal const int IPSET_ATTR_CIDR2 = 21;
    internal const int IPSET_ATTR_SKBMARK = 27;

    internal const int IPSET_ATTR_IPADDR_IPV4 = 1;
    internal const int IPSET_ATTR_IPADDR_IPV6 = 2;

    internal const int IPSET_FLAG_LIST_HEADER = 4;
    internal const int IPSET_FLAG_WITH_SKBINFO = 64;
    internal const int IPSET_FLAG_MAP_SKBMARK = 256;

    internal const int IPSET_ERR_PRIVATE = 4096;
    internal const int IPSET_ERR_FIND_TYPE = 4098;
    internal const int IPSET_ERR_MAX_SETS = 4099;
    internal const int IPSET_ERR_BUSY = 4100;
    internal const int IPSET_ERR_TYPE_MISMATCH = 4102;
    internal const int IPSET_ERR_EXIST = 4103;
    internal const int IPSET_ERR_REFERENCED = 4108;
    internal const int IPSET_ERR_TYPE_SPECIFIC = 4352;

    internal const int IPSET_DIM_ONE = 1;
    internal const int IPSET_INV_MATCH = 1;
    internal const int IPSET_INVALID_ID = 65535;
}

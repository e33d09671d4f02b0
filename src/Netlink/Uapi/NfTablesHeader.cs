namespace Dataplane.Netlink.Uapi;

/// <summary>linux/netfilter/nf_tables.h. Attribute integers are big-endian; register contents are as the packet or the machine has them.</summary>
[KernelHeader("linux/netfilter/nf_tables.h")]
internal static class NfTablesHeader
{
    internal const int NFT_MSG_NEWTABLE = 0;
    internal const int NFT_MSG_GETTABLE = 1;
    internal const int NFT_MSG_DELTABLE = 2;
    internal const int NFT_MSG_NEWCHAIN = 3;
    internal const int NFT_MSG_GETCHAIN = 4;
    internal const int NFT_MSG_DELCHAIN = 5;
    internal const int NFT_MSG_NEWRULE = 6;
    internal const int NFT_MSG_GETRULE = 7;
    internal const int NFT_MSG_DELRULE = 8;
    internal const int NFT_MSG_NEWSET = 9;
    internal const int NFT_MSG_GETSET = 10;
    internal const int NFT_MSG_DELSET = 11;
    internal const int NFT_MSG_NEWSETELEM = 12;
    internal const int NFT_MSG_GETSETELEM = 13;
    internal const int NFT_MSG_DELSETELEM = 14;
    internal const int NFT_MSG_NEWGEN = 15;
    internal const int NFT_MSG_GETGEN = 16;

    internal const int NFTA_LIST_ELEM = 1;
    internal const int NFT_DATA_VALUE_MAXLEN = 64;

    internal const int NFT_REG_VERDICT = 0;
    internal const int NFT_REG_1 = 1;
    internal const int NFT_REG_2 = 2;
    internal const int NFT_REG_3 = 3;
    internal const int NFT_REG_4 = 4;
    internal const int NFT_REG32_00 = 8;
    internal const int NFT_REG32_01 = 9;
    internal const int NFT_REG32_02 = 10;
    internal const int NFT_REG32_03 = 11;
    internal const int NFT_REG32_04 = 12;
    internal const int NFT_REG32_05 = 13;
    internal const int NFT_REG32_06 = 14;
    internal const int NFT_REG32_07 = 15;
    internal const int NFT_REG32_08 = 16;
    internal const int NFT_REG32_09 = 17;
    internal const int NFT_REG32_10 = 18;
    internal const int NFT_REG32_11 = 19;
    internal const int NFT_REG32_12 = 20;
    internal const int NFT_REG32_13 = 21;
    internal const int NFT_REG32_14 = 22;
    internal const int NFT_REG32_15 = 23;

    internal const int NFT_CONTINUE = -1;
    internal const int NFT_JUMP = -3;
    internal const int NFT_GOTO = -4;
    internal const int NFT_RETURN = -5;

    internal const int NFTA_HOOK_HOOKNUM = 1;
    internal const int NFTA_HOOK_PRIORITY = 2;

    internal const int NFT_TABLE_F_DORMANT = 1;
    internal const int NFT_TABLE_F_OWNER = 2;

    internal const int NFTA_TABLE_NAME = 1;
    internal const int NFTA_TABLE_FLAGS = 2;
    internal const int NFTA_TABLE_USE = 3;
    internal const int NFTA_TABLE_HANDLE = 4;

    internal const int NFTA_CHAIN_TABLE = 1;
    internal const int NFTA_CHAIN_HANDLE = 2;
    internal const int NFTA_CHAIN_NAME = 3;
    internal const int NFTA_CHAIN_HOOK = 4;
    internal const int NFTA_CHAIN_POLICY = 5;
    internal const int NFTA_CHAIN_USE = 6;
    internal const int NFTA_CHAIN_TYPE = 7;

    internal const int NFTA_RULE_TABLE = 1;
    internal const int NFTA_RULE_CHAIN = 2;
    internal const int NFTA_RULE_HANDLE = 3;
    internal const int NFTA_RULE_EXPRESSIONS = 4;
    internal const int NFTA_RULE_COMPAT = 5;
    internal const int NFTA_RULE_POSITION = 6;
    internal const int NFTA_RULE_USERDATA = 7;

    internal const int NFTA_RULE_COMPAT_PROTO = 1;
    internal const int NFTA_RULE_COMPAT_FLAGS = 2;

    internal const int NFT_SET_CONSTANT = 2;
    internal const int NFT_SET_INTERVAL = 4;
    internal const int NFT_SET_MAP = 8;
    internal const int NFT_SET_TIMEOUT = 16;
    internal const int NFT_SET_EVAL = 32;
    internal const int NFT_SET_CONCAT = 128;

    internal const int NFTA_SET_DESC_SIZE = 1;
    internal const int NFTA_SET_DESC_CONCAT = 2;

    internal const int NFTA_SET_FIELD_LEN = 1;

    internal const int NFTA_SET_TABLE = 1;
    internal const int NFTA_SET_NAME = 2;
    internal const int NFTA_SET_FLAGS = 3;
    internal const int NFTA_SET_KEY_TYPE = 4;
    internal const int NFTA_SET_KEY_LEN = 5;
    internal const int NFTA_SET_DATA_TYPE = 6;
    internal const int NFTA_SET_DATA_LEN = 7;
    internal const int NFTA_SET_DESC = 9;
    internal const int NFTA_SET_ID = 10;
    internal const int NFTA_SET_TIMEOUT = 11;
    internal const int NFTA_SET_HANDLE = 16;

    internal const int NFT_SET_ELEM_INTERVAL_END = 1;

    internal const int NFTA_SET_ELEM_KEY = 1;
    internal const int NFTA_SET_ELEM_DATA = 2;
    internal const int NFTA_SET_ELEM_FLAGS = 3;
    internal const int NFTA_SET_ELEM_TIMEOUT = 4;
    internal const int NFTA_SET_ELEM_EXPIRATION = 5;
    internal const int NFTA_SET_ELEM_EXPR = 7;
    internal const int NFTA_SET_ELEM_KEY_END = 10;

    internal const int NFTA_SET_ELEM_LIST_TABLE = 1;
    internal const int NFTA_SET_ELEM_LIST_SET = 2;
    internal const int NFTA_SET_ELEM_LIST_ELEMENTS = 3;

    internal const uint NFT_DATA_VERDICT = 0xffffff00;

    internal const int NFTA_DATA_VALUE = 1;
    internal const int NFTA_DATA_VERDICT = 2;

    internal const int NFTA_VERDICT_CODE = 1;
    internal const int NFTA_VERDICT_CHAIN = 2;

    internal const int NFTA_EXPR_NAME = 1;
    internal const int NFTA_EXPR_DATA = 2;

    internal const int NFTA_IMMEDIATE_DREG = 1;
    internal const int NFTA_IMMEDIATE_DATA = 2;

    internal const int NFTA_BITWISE_SREG = 1;
    internal const int NFTA_BITWISE_DREG = 2;
    internal const int NFTA_BITWISE_LEN = 3;
    internal const int NFTA_BITWISE_MASK = 4;
    internal const int NFTA_BITWISE_XOR = 5;

    internal const int NFT_CMP_EQ = 0;
    internal const int NFT_CMP_NEQ = 1;
    internal const int NFT_CMP_LT = 2;
    internal const int NFT_CMP_LTE = 3;
    internal const int NFT_CMP_GT = 4;
    internal const int NFT_CMP_GTE = 5;

    internal const int NFTA_CMP_SREG = 1;
    internal const int NFTA_CMP_OP = 2;
    internal const int NFTA_CMP_DATA = 3;

    internal const int NFT_RANGE_EQ = 0;
    internal const int NFT_RANGE_NEQ = 1;

    internal const int NFTA_RANGE_SREG = 1;
    internal const int NFTA_RANGE_OP = 2;
    internal const int NFTA_RANGE_FROM_DATA = 3;
    internal const int NFTA_RANGE_TO_DATA = 4;

    internal const int NFT_LOOKUP_F_INV = 1;

    internal const int NFTA_LOOKUP_SET = 1;
    internal const int NFTA_LOOKUP_SREG = 2;
    internal const int NFTA_LOOKUP_DREG = 3;
    internal const int NFTA_LOOKUP_FLAGS = 5;

    internal const int NFT_DYNSET_OP_ADD = 0;
    internal const int NFT_DYNSET_OP_UPDATE = 1;
    internal const int NFT_DYNSET_OP_DELETE = 2;

    internal const int NFTA_DYNSET_SET_NAME = 1;
    internal const int NFTA_DYNSET_OP = 3;
    internal const int NFTA_DYNSET_SREG_KEY = 4;
    internal const int NFTA_DYNSET_SREG_DATA = 5;
    internal const int NFTA_DYNSET_TIMEOUT = 6;
    internal const int NFTA_DYNSET_EXPR = 7;

    internal const int NFTA_COUNTER_BYTES = 1;
    internal const int NFTA_COUNTER_PACKETS = 2;

    internal const int NFT_PAYLOAD_LL_HEADER = 0;
    internal const int NFT_PAYLOAD_NETWORK_HEADER = 1;
    internal const int NFT_PAYLOAD_TRANSPORT_HEADER = 2;

    internal const int NFTA_PAYLOAD_DREG = 1;
    internal const int NFTA_PAYLOAD_BASE = 2;
    internal const int NFTA_PAYLOAD_OFFSET = 3;
    internal const int NFTA_PAYLOAD_LEN = 4;

    internal const int NFT_META_PROTOCOL = 1;
    internal const int NFT_META_PRIORITY = 2;
    internal const int NFT_META_MARK = 3;
    internal const int NFT_META_IIF = 4;
    internal const int NFT_META_OIF = 5;
    internal const int NFT_META_IIFNAME = 6;
    internal const int NFT_META_OIFNAME = 7;
    internal const int NFT_META_NFTRACE = 12;
    internal const int NFT_META_NFPROTO = 15;
    internal const int NFT_META_L4PROTO = 16;

    internal const int NFTA_META_DREG = 1;
    internal const int NFTA_META_KEY = 2;
    internal const int NFTA_META_SREG = 3;

    internal const int NFTA_SOCKET_KEY = 1;
    internal const int NFTA_SOCKET_DREG = 2;

    internal const int NFT_SOCKET_TRANSPARENT = 0;
    internal const int NFT_SOCKET_MARK = 1;
    internal const int NFT_SOCKET_WILDCARD = 2;

    internal const int NFT_CT_STATE = 0;
    internal const int NFT_CT_DIRECTION = 1;
    internal const int NFT_CT_STATUS = 2;
    internal const int NFT_CT_MARK = 3;
    internal const int NFT_CT_PROTOCOL = 10;
    internal const int NFT_CT_PROTO_SRC = 11;
    internal const int NFT_CT_PROTO_DST = 12;
    internal const int NFT_CT_SRC_IP = 19;
    internal const int NFT_CT_DST_IP = 20;
    internal const int NFT_CT_SRC_IP6 = 21;
    internal const int NFT_CT_DST_IP6 = 22;

    internal const int NFTA_CT_DREG = 1;
    internal const int NFTA_CT_KEY = 2;
    internal const int NFTA_CT_DIRECTION = 3;
    internal const int NFTA_CT_SREG = 4;

    internal const int NFT_REJECT_ICMP_UNREACH = 0;
    internal const int NFT_REJECT_TCP_RST = 1;
    internal const int NFT_REJECT_ICMPX_UNREACH = 2;

    internal const int NFTA_REJECT_TYPE = 1;
    internal const int NFTA_REJECT_ICMP_CODE = 2;

    internal const int NFT_NAT_SNAT = 0;
    internal const int NFT_NAT_DNAT = 1;

    internal const int NFTA_NAT_TYPE = 1;
    internal const int NFTA_NAT_FAMILY = 2;
    internal const int NFTA_NAT_REG_ADDR_MIN = 3;
    internal const int NFTA_NAT_REG_PROTO_MIN = 5;
    internal const int NFTA_NAT_FLAGS = 7;

    internal const int NFTA_TPROXY_FAMILY = 1;
    internal const int NFTA_TPROXY_REG_ADDR = 2;
    internal const int NFTA_TPROXY_REG_PORT = 3;

    internal const int NFTA_MASQ_FLAGS = 1;

    internal const int NFTA_REDIR_REG_PROTO_MIN = 1;
    internal const int NFTA_REDIR_FLAGS = 3;

    internal const int NFTA_GEN_ID = 1;
    internal const int NFTA_GEN_PROC_PID = 2;
    internal const int NFTA_GEN_PROC_NAME = 3;

    internal const int NFTA_FIB_DREG = 1;
    internal const int NFTA_FIB_RESULT = 2;
    internal const int NFTA_FIB_FLAGS = 3;

    internal const int NFT_FIB_RESULT_OIF = 1;
    internal const int NFT_FIB_RESULT_OIFNAME = 2;
    internal const int NFT_FIB_RESULT_ADDRTYPE = 3;

    internal const int NFTA_FIB_F_SADDR = 1;
    internal const int NFTA_FIB_F_DADDR = 2;
    internal const int NFTA_FIB_F_MARK = 4;
    internal const int NFTA_FIB_F_IIF = 8;
    internal const int NFTA_FIB_F_OIF = 16;

    internal const int NFTA_NG_DREG = 1;
    internal const int NFTA_NG_MODULUS = 2;
    internal const int NFTA_NG_TYPE = 3;
    internal const int NFTA_NG_OFFSET = 4;

    internal const int NFT_NG_INCREMENTAL = 0;
    internal const int NFT_NG_RANDOM = 1;
}

namespace Dataplane.Netlink.Uapi;

/// <summary>linux/netfilter/nf_tables_compat.h: extensions of x_tables as expressions.</summary>
[KernelHeader("linux/netfilter/nf_tables_compat.h")]
internal static class NfTablesCompatHeader
{
    internal const int NFTA_TARGET_NAME = 1;
    internal const int NFTA_TARGET_REV = 2;
    internal const int NFTA_TARGET_INFO = 3;

    internal const int NFTA_MATCH_NAME = 1;
    internal const int NFTA_MATCH_REV = 2;
    internal const int NFTA_MATCH_INFO = 3;
}

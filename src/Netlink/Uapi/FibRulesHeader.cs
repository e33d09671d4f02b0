namespace Dataplane.Netlink.Uapi;

/// <summary>linux/fib_rules.h: policy routing.</summary>
[KernelHeader("linux/fib_rules.h")]
internal static class FibRulesHeader
{
    internal const int FRA_PRIORITY = 6;
    internal const int FRA_FWMARK = 10;
    internal const int FRA_TABLE = 15;
    internal const int FRA_FWMASK = 16;

    internal const int FR_ACT_TO_TBL = 1;
}

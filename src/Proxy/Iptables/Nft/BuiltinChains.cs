using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Iptables.Rules;

namespace Dataplane.Proxy.Iptables.Nft;

/// <summary>Tables and chains that iptables has by itself; in nf_tables somebody must make them. Priorities are the kernel's own of x_tables.</summary>
internal static class BuiltinChains
{
    private static readonly Dictionary<TableChain, NftBaseChain> Hooks = new()
    {
        [new TableChain(IptablesTable.Filter, "INPUT")] = NftBaseChain.Filter(NftHook.Input),
        [new TableChain(IptablesTable.Filter, "FORWARD")] = NftBaseChain.Filter(NftHook.Forward),
        [new TableChain(IptablesTable.Filter, "OUTPUT")] = NftBaseChain.Filter(NftHook.Output),
        [new TableChain(IptablesTable.Nat, "PREROUTING")] = NftBaseChain.Nat(NftHook.Prerouting),
        [new TableChain(IptablesTable.Nat, "OUTPUT")] = NftBaseChain.Nat(NftHook.Output),
        [new TableChain(IptablesTable.Nat, "POSTROUTING")] = NftBaseChain.Nat(NftHook.Postrouting),
    };

    /// <summary>Those this mode has jumps in.</summary>
    internal static IEnumerable<TableChain> All => Hooks.Keys;

    internal static NftBaseChain HookOf(TableChain chain) => Hooks[chain];

    internal static NftTable Table(NftFamily family, IptablesTable table) => new(family, TableChain.NameOf(table));
}

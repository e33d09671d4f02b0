using System.Net;
using System.Net.Sockets;
using Dataplane.Netlink.Nftables.Xtables;
using Dataplane.Proxy.Iptables.Rules;
using Dataplane.Proxy.Tests.Scenarios;

namespace Dataplane.Proxy.Tests.Iptables;

/// <summary>Follows the first packet of a connection through rendered rules. A match or target it does not know fails the test.</summary>
internal sealed class RuleTracer(TracedStore store)
{
    private readonly HashSet<(string List, string Source)> _recent = [];
    private AddressFamily _family;
    private string _source = "";
    private string _destination = "";
    private string _interface = "";
    private string _protocol = "";
    private int _port;
    private uint _mark;
    private int _random;
    private string? _target;
    private bool _masqueraded;

    /// <summary>What can become of a probe's connections: "a", "b*", "reject", "drop" or "closed" for a packet nothing was done to.</summary>
    internal string[] Trace(Probe probe) => [.. Enumerable.Range(0, 12).Select(random => Trace(probe, random)).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The same for one outcome of the random generator.</summary>
    internal string Trace(Probe probe, int random)
    {
        _family = probe.IsIPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        (_source, _destination, _port, _protocol) = (probe.SourceAddress, probe.Address, probe.Port, probe.Protocol);
        _interface = probe.Source switch { "client" => "eth1", "pod-a" or "pod-b" => "br0", "node" => "", _ => "eth0" };
        (_mark, _random, _target, _masqueraded) = (0, random, null, false);
        var fromNode = probe.Source == "node";
        Walk(IptablesTable.Nat, fromNode ? "OUTPUT" : "PREROUTING");
        var toNode = Topology.NodeAddresses.Contains(_destination);
        switch (Walk(IptablesTable.Filter, fromNode ? "OUTPUT" : toNode ? "INPUT" : "FORWARD"))
        {
            case Verdict.Drop:
                return "drop";
            case Verdict.Reject:
                return "reject";
        }

        if (fromNode || !toNode)
        {
            Walk(IptablesTable.Nat, "POSTROUTING");
            Assert.Equal(0u, _mark);
        }

        return _target is null ? "closed" : Topology.Endpoints[_target] + (_masqueraded ? "*" : "");
    }

    private Verdict Walk(IptablesTable table, string chain)
    {
        foreach (var rule in store.Rules(_family, table, chain))
        {
            if (!Matches(rule))
            {
                continue;
            }

            var verdict = rule.Target is RuleTarget.Jump jump ? Walk(table, jump.Chain) : Act(rule.Target);
            if (verdict == Verdict.Return)
            {
                return Verdict.Continue;
            }

            if (verdict != Verdict.Continue)
            {
                return verdict;
            }
        }

        return Verdict.Continue;
    }

    private bool Matches(IptablesRule rule) =>
        (rule.Protocol is not { } protocol || protocol.ToString().Equals(_protocol, StringComparison.OrdinalIgnoreCase))
        && IsIn(rule.Source, _source) && IsIn(rule.Destination, _destination)
        && (rule.Input is not { } input || (input.IsPrefix ? _interface.StartsWith(input.Name) : _interface == input.Name) != input.Negate)
        && rule.Matches.All(Matches);

    private bool Matches(RuleMatch match) => match switch
    {
        RuleMatch.Comment => true,
        RuleMatch.Transport transport => transport.DestinationPort is null || transport.DestinationPort == _port,
        RuleMatch.Mark mark => ((_mark & mark.Bits) == mark.Bits) != mark.Negate,
        RuleMatch.State state => state.States.HasFlag(XtConntrackStates.New) || (state.States.HasFlag(XtConntrackStates.DestinationNat) && _target is not null) != state.Negate,
        RuleMatch.OwnAddress own => Topology.NodeAddresses.Contains(own.OfSource ? _source : _destination),
        RuleMatch.Remember remember => _recent.RemoveWhere(seen => seen.List == remember.List && seen.Source == _source) >= 0 && _recent.Add((remember.List, _source)),
        RuleMatch.Remembered known => _recent.Contains((known.List, _source)),
        RuleMatch.OneIn chance => _random % chance.N == 0,
        _ => throw new NotSupportedException(match.ToString()),
    };

    private Verdict Act(RuleTarget? target)
    {
        switch (target)
        {
            case null:
                return Verdict.Continue;
            case RuleTarget.SetMark set:
                _mark |= set.Bits;
                return Verdict.Continue;
            case RuleTarget.ToggleMark toggle:
                _mark ^= toggle.Bits;
                return Verdict.Continue;
            case RuleTarget.DestinationNat nat:
                _target = nat.Target.ToString();
                (_destination, _port) = (nat.Target.Address.ToString(), nat.Target.Port);
                return Verdict.Accept;
            case RuleTarget.Masquerade:
                _masqueraded = true;
                return Verdict.Accept;
            case RuleTarget.Accept:
                return Verdict.Accept;
            case RuleTarget.Return:
                return Verdict.Return;
            case RuleTarget.Drop:
                return Verdict.Drop;
            case RuleTarget.Reject:
                return Verdict.Reject;
            default:
                throw new NotSupportedException(target.ToString());
        }
    }

    private static bool IsIn(RuleNetwork? network, string address) =>
        network is not { } wanted || wanted.Network.Contains(IPAddress.Parse(address)) != wanted.Negate;

    private enum Verdict
    {
        Continue,
        Return,
        Accept,
        Drop,
        Reject,
    }
}

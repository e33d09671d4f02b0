using System.Net;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Nftables.Rules;
using Dataplane.Proxy.Tests.Scenarios;

namespace Dataplane.Proxy.Tests.Nftables;

/// <summary>Follows the first packet of a connection through a rendered table. A statement it does not know fails the test.</summary>
internal sealed class PacketTracer(TracedTable table)
{
    private string _source = "";
    private string _destination = "";
    private string _interface = "";
    private int _port;
    private byte _protocol;
    private bool _fromNode;
    private uint _mark;
    private uint _priority;
    private uint _random;
    private string? _target;
    private bool _masqueraded;
    private string? _end;

    /// <summary>What can become of a probe's connections: "a", "b*", "reject", "drop" or "closed" for a packet nothing was done to.</summary>
    internal string[] Trace(Probe probe) =>
        [.. Enumerable.Range(0, 12).Select(random => Trace(probe, (uint)random)).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The same for one outcome of the random generator.</summary>
    internal string Trace(Probe probe, uint random)
    {
        (_source, _destination, _port) = (probe.SourceAddress, probe.Address, probe.Port);
        _protocol = probe.Protocol switch { "tcp" => 6, "udp" => 17, "sctp" => 132, _ => throw new NotSupportedException(probe.Protocol) };
        _interface = probe.Source switch { "client" => "eth1", "pod-a" or "pod-b" => "br0", "node" => "", _ => "eth0" };
        (_fromNode, _mark, _priority, _random, _target, _masqueraded, _end) = (probe.Source == "node", 0, 0, random, null, false, null);
        RunHook(_fromNode ? NftHook.Output : NftHook.Prerouting);
        if (_end is not null)
        {
            return _end;
        }

        if (_target is not null && Topology.NodeAddresses.Contains(_destination) && !_fromNode)
        {
            RunHook(NftHook.Input);
            Assert.Equal(0u, _priority);
            return _end ?? Topology.Endpoints[_target];
        }

        if (!_fromNode)
        {
            RunHook(NftHook.Forward);
        }

        if (_end is not null)
        {
            return _end;
        }

        RunHook(NftHook.Postrouting);
        Assert.Equal((0u, 0u), (_mark, _priority));
        return _target is null ? "closed" : Topology.Endpoints[_target] + (_masqueraded ? "*" : "");
    }

    private void RunHook(NftHook hook)
    {
        foreach (var chain in table.Chains.Values.Where(chain => chain.Base?.Hook == hook).OrderBy(chain => chain.Base!.Priority))
        {
            if (_end is null)
            {
                Run(chain.Name);
            }
        }
    }

    // True when the packet's way through the hook has ended.
    private bool Run(string chain)
    {
        foreach (var rule in table.Chains[chain].Rules)
        {
            foreach (var statement in rule)
            {
                var step = Run(statement);
                if (step == Step.Next)
                {
                    continue;
                }

                if (step is Step.End or Step.Left)
                {
                    return step == Step.End || _left;
                }

                break;
            }
        }

        return false;
    }

    private bool _left;

    private Step Run(Statement statement)
    {
        switch (statement)
        {
            case Statement.MatchNetwork match:
                return Match(match.Network.Contains(IPAddress.Parse(Address(match.Address))) != match.Negate);
            case Statement.MatchInterface match:
                return Match((match.IsPrefix ? _interface.StartsWith(match.Name, StringComparison.Ordinal) : _interface == match.Name) != match.Negate);
            case Statement.MatchOwnAddress match:
                return Match(Topology.NodeAddresses.Contains(Address(match.Address)));
            case Statement.MatchSet match:
                return Match(table.TryFind(match.Set, Key(match.Key), out _) != match.Negate);
            case Statement.MatchMark match:
                return Match((_mark & match.Mask) != 0);
            case Statement.MatchDestinationChanged match:
                return Match((_target is not null) != match.Negate);
            case Statement.MatchEstablished match:
                return Match(match.Negate);
            case Statement.MatchInvalid:
                return Step.Break;
            case Statement.SetMark set:
                _mark |= set.Bit;
                return Step.Next;
            case Statement.ToggleMark toggle:
                _mark ^= toggle.Bit;
                return Step.Next;
            case Statement.Masquerade:
                _masqueraded = true;
                return Step.End;
            case Statement.MatchProtocol match:
                return Match((byte)match.Protocol == _protocol);
            case Statement.Count:
                return Step.Next;
            case Statement.Reset or Statement.Reject:
                return End("reject");
            case Statement.Drop:
                return End("drop");
            case Statement.Jump jump:
                return Run(jump.Chain) ? Step.End : Step.Next;
            case Statement.Goto go:
                return Go(go.Chain);
            case Statement.VerdictMap map:
                return !table.TryFind(map.Map, Key(map.Key), out var element) ? Step.Break
                    : element.Verdict!.Value.Chain is { } chain ? Go(chain) : End("drop");
            case Statement.Dnat dnat:
                return Translate(Pick(dnat.Sets, dnat.Sets.Endpoints, dnat.Slots));
            case Statement.MatchPriority match:
                return Match((_priority & match.Bit) != 0);
            case Statement.ClearPriority:
                _priority = 0;
                return Step.Next;
            case Statement.Recall recall:
                if (!table.TryFind(recall.Sets.Affinity, ClientKey(recall.Sets), out var known))
                {
                    return Step.Break;
                }

                _priority = BitConverter.ToUInt32(known.Data!.Value.Bytes);
                return Step.Next;
            case Statement.PickNumber pick:
                _priority = BitConverter.ToUInt32(Pick(pick.Sets, pick.Sets.AffineSlots, pick.Slots).Bytes);
                return Step.Next;
            case Statement.Remember remember:
                table.Elements[remember.Sets.Affinity][ClientKey(remember.Sets)] = new NftElement(ClientKey(remember.Sets), NftValue.U32(_priority));
                return Step.Next;
            case Statement.DnatByNumber dnat:
                return table.TryFind(dnat.Sets.AffineEndpoints, NftValue.Concat(Key(dnat.Sets.FrontEndKey), NftValue.U32(_priority)), out var endpoint)
                    ? Translate(endpoint.Data!.Value)
                    : Step.Break;
            default:
                throw new NotSupportedException(statement.ToString());
        }
    }

    private Step Go(string chain)
    {
        _left = Run(chain);
        return Step.Left;
    }

    private Step End(string how)
    {
        _end = how;
        return Step.End;
    }

    private NftValue Pick(EndpointSets sets, string map, int slots)
    {
        Assert.True(table.TryFind(map, NftValue.Concat(Key(sets.FrontEndKey), NftValue.U32(_random % (uint)slots)), out var element), "no endpoint in a slot");
        return element.Data!.Value;
    }

    private Step Translate(NftValue target)
    {
        var address = target.Bytes[..table.AddressLength];
        var port = target.Bytes[table.AddressLength..];
        var endpoint = new IPEndPoint(new IPAddress(address), (port[0] << 8) | port[1]);
        _target = endpoint.ToString();
        (_destination, _port) = (endpoint.Address.ToString(), endpoint.Port);
        return Step.End;
    }

    private NftValue ClientKey(EndpointSets sets) => Key([Field.SourceAddress, .. sets.FrontEndKey]);

    private NftValue Key(Field[] fields)
    {
        var parts = fields.Select(Value).ToArray();
        return parts.Length == 1 ? parts[0] : NftValue.Concat(parts);
    }

    private NftValue Value(Field field) => field switch
    {
        Field.Protocol => NftValue.U8(_protocol),
        Field.DestinationPort => NftValue.Port(_port),
        _ => NftValue.Address(IPAddress.Parse(Address(field))),
    };

    private string Address(Field field) => field == Field.SourceAddress ? _source : _destination;

    private static Step Match(bool matches) => matches ? Step.Next : Step.Break;

    private enum Step
    {
        /// <summary>On with the rule's next statement.</summary>
        Next,

        /// <summary>On with the next rule.</summary>
        Break,

        /// <summary>The hook is done.</summary>
        End,

        /// <summary>Gone to another chain for good.</summary>
        Left,
    }
}

using Dataplane.Netlink.Nftables;
using Dataplane.Netlink.Nftables.Expressions;
using Dataplane.Proxy.Nftables.Rendering;
using Dataplane.Proxy.Nftables.Rules;
using Reject = Dataplane.Netlink.Nftables.Expressions.Reject;

namespace Dataplane.Proxy.Nftables;

/// <summary>
/// Statements to the kernel's expressions, for one family.
/// <code>
///   W0 .............. W9   a key, its last part ending in W9: saddr . daddr . proto . dport is 4, in an ip6 table 10 words long
///   W10 ............ W14   an endpoint: address, port; what a map look-up writes and dnat reads. Or an endpoint's number in W10
/// </code>
/// Nothing that a map look-up wrote is part of a key or of what is added to a map: nft (1.0.6) cannot list such a rule, and ends with a failed
/// assertion.
/// </summary>
internal sealed class StatementCompiler(NftFamily family)
{
    private const int KeyEnd = 10;
    private const NftRegister Target = NftRegister.W10;

    // RTN_LOCAL of linux/rtnetlink.h.
    private static readonly NftValue LocalAddress = NftValue.U32(2);

    private int AddressWords => family == NftFamily.Ip ? 1 : 4;

    /// <summary>A rule's expressions.</summary>
    internal NftExpression[] Compile(IEnumerable<Statement> rule) => [.. rule.SelectMany(Compile)];

    private IEnumerable<NftExpression> Compile(Statement statement) => statement switch
    {
        Statement.MatchNetwork match => CompileNetwork(match),
        Statement.MatchInterface match =>
        [
            new Meta(MetaKey.InputName, NftRegister.W0),
            new Compare(NftRegister.W0, Operation(match.Negate), InterfaceName(match)),
        ],
        Statement.MatchOwnAddress match =>
        [
            new Fib(match.Address == Field.SourceAddress ? FibFlags.Source : FibFlags.Destination, FibResult.AddressType, NftRegister.W0),
            Compare.Equal(NftRegister.W0, LocalAddress),
        ],
        Statement.MatchSet match => [.. Load(match.Key), new Lookup(match.Set, KeyStart(match.Key), Invert: match.Negate)],
        Statement.MatchMark match =>
        [
            new Meta(MetaKey.Mark, NftRegister.W0),
            Bitwise.And(NftRegister.W0, match.Mask),
            Compare.NotEqual(NftRegister.W0, NftValue.U32(0)),
        ],
        Statement.MatchDestinationChanged match => MatchBits(ConntrackKey.Status, (uint)ConntrackStatus.DestinationNat, match.Negate),
        Statement.MatchEstablished match => MatchBits(ConntrackKey.State, (uint)(ConntrackState.Established | ConntrackState.Related), match.Negate),
        Statement.MatchInvalid => MatchBits(ConntrackKey.State, (uint)ConntrackState.Invalid),
        Statement.SetMark set => ChangeMark(Bitwise.Or(NftRegister.W0, set.Bit)),
        Statement.ToggleMark toggle => ChangeMark(Bitwise.ExclusiveOr(NftRegister.W0, toggle.Bit)),
        Statement.Masquerade => [new Masquerade(NatFlags.FullyRandom)],
        Statement.Reject => [family == NftFamily.Ip ? Reject.Ipv4PortUnreachable : Reject.Ipv6PortUnreachable],
        Statement.MatchProtocol match =>
        [
            LoadField(Field.Protocol, NftRegister.W0),
            Compare.Equal(NftRegister.W0, NftValue.U8((byte)match.Protocol)),
        ],
        Statement.Reset => [Reject.TcpReset],
        Statement.Drop => [ImmediateVerdict.Drop],
        Statement.Jump jump => [ImmediateVerdict.Jump(jump.Chain)],
        Statement.Goto go => [ImmediateVerdict.Goto(go.Chain)],
        Statement.VerdictMap map => [.. Load(map.Key), new Lookup(map.Map, KeyStart(map.Key), NftRegister.Verdict)],
        Statement.Dnat dnat => [.. Pick(dnat.Sets, dnat.Sets.Endpoints, dnat.Slots), Translate()],
        Statement.Count count => CompileCount(count.Set),
        Statement.MatchPriority match =>
        [
            new Meta(MetaKey.Priority, NftRegister.W0),
            Bitwise.And(NftRegister.W0, match.Bit),
            Compare.NotEqual(NftRegister.W0, NftValue.U32(0)),
        ],
        Statement.ClearPriority => [new Immediate(NftRegister.W0, NftValue.U32(0)), new MetaSet(MetaKey.Priority, NftRegister.W0)],
        Statement.Recall recall =>
        [
            .. Load(ClientKey(recall.Sets)),
            new Lookup(recall.Sets.Affinity, KeyStart(ClientKey(recall.Sets)), Target),
            new MetaSet(MetaKey.Priority, Target),
            // nft shows what is written by where the register's content is from, and cannot show a map's data there.
            new Meta(MetaKey.Priority, Target),
            ChangeAffinity(DynamicSetOperation.Update, recall.Sets, recall.Timeout),
        ],
        Statement.PickNumber pick => [.. Pick(pick.Sets, pick.Sets.AffineSlots, pick.Slots), new MetaSet(MetaKey.Priority, Target)],
        Statement.Remember remember =>
        [
            .. Load(ClientKey(remember.Sets)),
            new Meta(MetaKey.Priority, Target),
            ChangeAffinity(DynamicSetOperation.Delete, remember.Sets, null),
            ChangeAffinity(DynamicSetOperation.Update, remember.Sets, remember.Timeout),
        ],
        Statement.DnatByNumber dnat =>
        [
            .. Load(dnat.Sets.FrontEndKey, KeyEnd - 1),
            new Meta(MetaKey.Priority, Word(KeyEnd - 1)),
            new Lookup(dnat.Sets.AffineEndpoints, Word(KeyEnd - 1 - Words(dnat.Sets.FrontEndKey)), Target),
            Translate(),
        ],
        _ => throw new ArgumentException($"{statement.GetType().Name} has no expressions"),
    };

    // FRONTEND . ENDPOINT from W0 on: in an ip6 table 11 words.
    private NftExpression[] CompileCount(string set)
    {
        var (destination, source) = family == NftFamily.Ip
            ? (ConntrackKey.Ipv4Destination, ConntrackKey.Ipv4Source)
            : (ConntrackKey.Ipv6Destination, ConntrackKey.Ipv6Source);
        return
        [
            new Conntrack(destination, Word(0), ConntrackDirection.Original),
            new Meta(MetaKey.TransportProtocol, Word(AddressWords)),
            new Conntrack(ConntrackKey.DestinationPort, Word(AddressWords + 1), ConntrackDirection.Original),
            new Conntrack(source, Word(AddressWords + 2), ConntrackDirection.Reply),
            new Conntrack(ConntrackKey.SourcePort, Word((2 * AddressWords) + 2), ConntrackDirection.Reply),
            new DynamicSet(set, DynamicSetOperation.Update, Word(0), Timeout: Skeleton.CountsKept) { PerElement = new Counter() },
        ];
    }

    private IEnumerable<NftExpression> CompileNetwork(Statement.MatchNetwork match)
    {
        var address = NftValue.Address(match.Network.BaseAddress);
        yield return LoadField(match.Address, NftRegister.W0);
        if (match.Network.PrefixLength < address.Length * 8)
        {
            Span<byte> mask = stackalloc byte[address.Length];
            mask.Clear();
            for (var bit = 0; bit < match.Network.PrefixLength; bit++)
            {
                mask[bit / 8] |= (byte)(0x80 >> (bit % 8));
            }

            Span<byte> none = stackalloc byte[address.Length];
            none.Clear();
            yield return new Bitwise(NftRegister.W0, NftRegister.W0, NftValue.Of(mask), NftValue.Of(none));
        }

        yield return new Compare(NftRegister.W0, Operation(match.Negate), address);
    }

    // Slot last, so that it ends where keys end.
    private IEnumerable<NftExpression> Pick(EndpointSets sets, string map, int slots) =>
    [
        .. Load(sets.FrontEndKey, KeyEnd - 1),
        new NumberGenerator(Word(KeyEnd - 1), (uint)slots),
        new Lookup(map, Word(KeyEnd - 1 - Words(sets.FrontEndKey)), Target),
    ];

    // A deletion names data as well: the kernel demands it of every operation on a map (net/netfilter/nft_dynset.c).
    private DynamicSet ChangeAffinity(DynamicSetOperation operation, EndpointSets sets, TimeSpan? timeout) =>
        new(sets.Affinity, operation, KeyStart(ClientKey(sets)), Target, timeout);

    private Nat Translate() => new(NatType.Destination, family, Target, Target + (uint)AddressWords);

    private IEnumerable<NftExpression> Load(Field[] key, int end = KeyEnd)
    {
        var word = end - Words(key);
        foreach (var field in key)
        {
            yield return LoadField(field, Word(word));
            word += Words(field);
        }
    }

    private NftExpression LoadField(Field field, NftRegister register) => (field, family) switch
    {
        (Field.SourceAddress, NftFamily.Ip) => Payload.Ipv4Source(register),
        (Field.SourceAddress, _) => Payload.Ipv6Source(register),
        (Field.DestinationAddress, NftFamily.Ip) => Payload.Ipv4Destination(register),
        (Field.DestinationAddress, _) => Payload.Ipv6Destination(register),
        (Field.Protocol, _) => new Meta(MetaKey.TransportProtocol, register),
        _ => Payload.DestinationPort(register),
    };

    private NftRegister KeyStart(Field[] key) => Word(KeyEnd - Words(key));

    private int Words(Field[] key) => key.Sum(Words);

    private int Words(Field field) => field is Field.SourceAddress or Field.DestinationAddress ? AddressWords : 1;

    private static NftRegister Word(int number) => NftRegister.W0 + (uint)number;

    private static Field[] ClientKey(EndpointSets sets) => [Field.SourceAddress, .. sets.FrontEndKey];

    private static CompareOperation Operation(bool negate) => negate ? CompareOperation.NotEqual : CompareOperation.Equal;

    // A prefix is compared by its own length: nft writes "veth*" so.
    private static NftValue InterfaceName(Statement.MatchInterface match) =>
        match.IsPrefix ? NftValue.Of(System.Text.Encoding.UTF8.GetBytes(match.Name)) : NftValue.InterfaceName(match.Name);

    private static NftExpression[] MatchBits(ConntrackKey key, uint bits, bool none = false) =>
    [
        new Conntrack(key, NftRegister.W0),
        Bitwise.And(NftRegister.W0, bits),
        new Compare(NftRegister.W0, none ? CompareOperation.Equal : CompareOperation.NotEqual, NftValue.U32(0)),
    ];

    private static NftExpression[] ChangeMark(Bitwise change) =>
        [new Meta(MetaKey.Mark, NftRegister.W0), change, new MetaSet(MetaKey.Mark, NftRegister.W0)];
}

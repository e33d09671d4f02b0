using System.Globalization;
using System.Text;
using Dataplane.Netlink.Nftables.Xtables;

namespace Dataplane.Proxy.Iptables.Rules;

/// <summary>Rules as iptables-restore reads them, without the <c>-A CHAIN</c>. Two rules are the same if their texts are.</summary>
internal static class RuleText
{
    private static readonly (XtConntrackStates State, string Name)[] StateNames =
    [
        (XtConntrackStates.Invalid, "INVALID"), (XtConntrackStates.New, "NEW"), (XtConntrackStates.Related, "RELATED"),
        (XtConntrackStates.Established, "ESTABLISHED"), (XtConntrackStates.DestinationNat, "DNAT"),
    ];

    internal static string Of(IptablesRule rule)
    {
        var text = new StringBuilder();
        var protocol = rule.Protocol?.ToString().ToLowerInvariant();
        Add(text, rule.Source is { } source ? $"{Not(source.Negate)}-s {source.Network}" : "");
        Add(text, rule.Destination is { } destination ? $"{Not(destination.Negate)}-d {destination.Network}" : "");
        Add(text, rule.Input is { } input ? $"{Not(input.Negate)}-i {input.Name}{(input.IsPrefix ? "+" : "")}" : "");
        Add(text, protocol is null ? "" : $"-p {protocol}");
        foreach (var match in rule.Matches)
        {
            Add(text, Of(match, protocol));
        }

        Add(text, rule.Target is null ? "" : Of(rule.Target));
        return text.ToString();
    }

    private static string Of(RuleMatch match, string? protocol) => match switch
    {
        RuleMatch.Comment comment => $"-m comment --comment \"{comment.Text}\"",
        RuleMatch.Transport { DestinationPort: { } port } => string.Create(CultureInfo.InvariantCulture, $"-m {protocol} --dport {port}"),
        RuleMatch.Transport => $"-m {protocol}",
        RuleMatch.Mark mark => $"-m mark {Not(mark.Negate)}--mark 0x{mark.Bits:x}/0x{mark.Bits:x}",
        RuleMatch.State state =>
            $"-m conntrack {Not(state.Negate)}--ctstate {string.Join(',', StateNames.Where(name => state.States.HasFlag(name.State)).Select(name => name.Name))}",
        RuleMatch.OwnAddress own => $"-m addrtype --{(own.OfSource ? "src" : "dst")}-type LOCAL",
        RuleMatch.InSet member => $"-m set --match-set {member.Set.Name} {member.Set.Directions}",
        RuleMatch.Remember remember => $"-m recent --name {remember.List} --set",
        RuleMatch.Remembered known => string.Create(CultureInfo.InvariantCulture, $"-m recent --name {known.List} --rcheck --seconds {known.Seconds} --reap"),
        RuleMatch.OneIn chance => string.Create(CultureInfo.InvariantCulture, $"-m statistic --mode random --probability {1.0 / chance.N:F10}"),
        _ => throw new ArgumentException($"{match} has no text"),
    };

    private static string Of(RuleTarget target) => target switch
    {
        RuleTarget.Jump jump => $"-j {jump.Chain}",
        RuleTarget.SetMark set => $"-j MARK --or-mark 0x{set.Bits:x}",
        RuleTarget.ToggleMark toggle => $"-j MARK --xor-mark 0x{toggle.Bits:x}",
        RuleTarget.MapMark map => $"-j SET --map-set {map.Set.Name} {map.Set.Directions} --map-mark",
        RuleTarget.Masquerade => "-j MASQUERADE --random-fully",
        RuleTarget.DestinationNat nat => $"-j DNAT --to-destination {nat.Target}",
        RuleTarget.Accept or RuleTarget.Drop or RuleTarget.Return or RuleTarget.Reject => $"-j {target.GetType().Name.ToUpperInvariant()}",
        _ => throw new ArgumentException($"{target} has no text"),
    };

    private static string Not(bool negate) => negate ? "! " : "";

    private static void Add(StringBuilder text, string part)
    {
        if (part.Length > 0)
        {
            text.Append(text.Length == 0 ? "" : " ").Append(part);
        }
    }
}

using Dataplane.Dns.Configuration;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Server;

/// <summary>What the rewrite rules made of a question, and what they make of its answer.</summary>
internal sealed class Renaming
{
    private readonly List<AnswerChange> _answers = [];
    private readonly List<(uint From, uint To)> _codes = [];
    private (uint Least, uint Most) _ttl = (0, uint.MaxValue);

    private Renaming(byte[] name, RecordType type, RecordClass queryClass) => (Name, Type, Class) = (name, type, queryClass);

    /// <summary>To look up. Lower case, wire form.</summary>
    internal byte[] Name { get; private set; }

    internal RecordType Type { get; private set; }

    internal RecordClass Class { get; private set; }

    /// <returns>Null when no rule fits, or what came out is no name.</returns>
    internal static Renaming? Of(RewriteRule[] rules, in NameView name, RecordType type, RecordClass queryClass)
    {
        var (renaming, fits) = (new Renaming(name.Wire.ToArray(), type, queryClass), false);
        var text = DnsName.Format(name.Wire);
        foreach (var rule in rules)
        {
            if (!renaming.TryApply(rule, ref text))
            {
                continue;
            }

            fits = true;
            if (!rule.GoesOn)
            {
                break;
            }
        }

        return fits ? renaming : null;
    }

    /// <summary>A name of the answer as the client is to see it.</summary>
    /// <param name="wire">An owner, or a name that a record holds. Any case.</param>
    /// <param name="inData">Which of both it is.</param>
    /// <returns>Lower case, wire form; null when it stays as it is.</returns>
    internal byte[]? Change(ReadOnlySpan<byte> wire, bool inData)
    {
        Span<byte> folded = stackalloc byte[NameView.MaxLength];
        folded = folded[..wire.Length];
        wire.CopyTo(folded);
        NameView.ToLower(folded);
        string? changed = null;
        foreach (var change in _answers)
        {
            if (change.InData == inData)
            {
                changed = change.Names.Apply(changed ?? DnsName.Format(folded)) ?? changed;
            }
        }

        return changed is null ? null : Wire(changed);
    }

    internal uint Ttl(uint ttl) => Math.Clamp(ttl, _ttl.Least, _ttl.Most);

    internal ResponseCode Code(ResponseCode code)
    {
        foreach (var (from, to) in _codes)
        {
            code = code == (ResponseCode)from ? (ResponseCode)to : code;
        }

        return code;
    }

    private bool TryApply(RewriteRule rule, ref string text)
    {
        switch (rule.Field)
        {
            case RewriteField.Type when Type == (RecordType)rule.From:
                Type = (RecordType)rule.To;
                return true;
            case RewriteField.Class when Class == (RecordClass)rule.From:
                Class = (RecordClass)rule.To;
                return true;
            case RewriteField.Ttl when rule.Names!.Apply(text) is not null:
                _ttl = (rule.From, rule.To);
                return true;
            case RewriteField.Code when rule.Names!.Apply(text) is not null:
                _codes.Add((rule.From, rule.To));
                return true;
            case RewriteField.Name when rule.Names!.Apply(text) is { } renamed && Wire(renamed) is { } wire:
                Name = wire;
                var before = text;
                text = DnsName.Format(wire);
                AddAnswers(rule, before, text);
                return true;
            default:
                return false;
        }
    }

    /// <summary>What was changed last is changed back first. The owner of what was asked for is put right whatever the rule says: clients drop the rest.</summary>
    private void AddAnswers(RewriteRule rule, string before, string after)
    {
        var names = rule.Names!;
        var back = rule.IsAutomatic && names.Match is NameMatch.Suffix or NameMatch.Zone && names.To.Length > 0
            ? new NameChange(names.Match, names.To, names.From)
            : new NameChange(NameMatch.Exact, after, before);
        AnswerChange[] changes = [new AnswerChange(InData: false, back), .. rule.IsAutomatic ? (AnswerChange[])[new AnswerChange(InData: true, back)] : [], .. rule.Answers];
        _answers.InsertRange(0, changes);
    }

    private static byte[]? Wire(string text)
    {
        try
        {
            return DnsName.ParseLower(text);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}

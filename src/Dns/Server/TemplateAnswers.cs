using System.Net;
using System.Text.RegularExpressions;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Server;

/// <summary>What a template made.</summary>
/// <param name="Code">Of the reply.</param>
/// <param name="Alias">Set when the whole answer is an alias of the question's name, which is not written yet: what it leads to is the answer.</param>
internal readonly record struct TemplateOutcome(ResponseCode Code, ZoneRecord? Alias = null);

/// <summary>Answers made from the question: the first template whose zone, type and pattern fit.</summary>
internal static partial class TemplateAnswers
{
    /// <returns>False when the name is left to what comes after.</returns>
    internal static bool TryAnswer(TemplatePlan[] templates, ref ReplyBuilder reply, in NameView name, RecordType type, ReadOnlySpan<byte> client, out TemplateOutcome outcome)
    {
        outcome = default;
        foreach (var template in templates)
        {
            if ((template.Type is { } only && only != type) || Zone(template.Zones, name) is not { } zone)
            {
                continue;
            }

            var text = DnsName.Format(name.Wire);
            if (Match(template.Matches, text) is { } match)
            {
                var input = new TemplateInput(zone.ToString(), text, "IN", type.ToString(), match, client.Length is 4 or 16 ? new IPAddress(client).ToString() : "");
                outcome = Write(template, input, ref reply, name, type);
                return true;
            }

            if (!NameSuffix.AnyCovers(template.FallThrough, name))
            {
                outcome = new TemplateOutcome(ResponseCode.ServFail);
                return true;
            }
        }

        return false;
    }

    private static TemplateOutcome Write(TemplatePlan template, TemplateInput input, ref ReplyBuilder reply, in NameView name, RecordType type)
    {
        try
        {
            if (type is RecordType.A or RecordType.AAAA && template is { Code: ResponseCode.NoError, Answers: [var only] }
                && ZoneRecord.Parse(only.Fill(input)) is { Type: RecordType.CNAME } alias && name.Wire.SequenceEqual(alias.Owner))
            {
                NameView.ToLower(alias.Data);
                return new TemplateOutcome(ResponseCode.NoError, alias);
            }

            var answers = Write(template.Answers, input, ref reply, name);
            reply.AddAnswers(answers);
            reply.AddAuthorities(Write(template.Authorities, input, ref reply, name));
            reply.Truncated = answers < template.Answers.Length;
            reply.AddAdditionals(Write(template.Additionals, input, ref reply, name));
            return new TemplateOutcome(template.Code);
        }
        catch (FormatException)
        {
            // What the question had does not make a record.
            return new TemplateOutcome(ResponseCode.ServFail);
        }
    }

    private static int Write(TemplateText[] texts, TemplateInput input, ref ReplyBuilder reply, in NameView name)
    {
        var written = 0;
        foreach (var text in texts)
        {
            if (!ZoneRecord.Parse(text.Fill(input)).TryWrite(ref reply.Writer, name))
            {
                break;
            }

            written++;
        }

        return written;
    }

    private static Match? Match(Regex[] patterns, string name)
    {
        if (patterns.Length == 0)
        {
            return Everything().Match(name);
        }

        foreach (var pattern in patterns)
        {
            if (pattern.Match(name) is { Success: true } match)
            {
                return match;
            }
        }

        return null;
    }

    private static NameSuffix? Zone(NameSuffix[] zones, in NameView name)
    {
        foreach (var zone in zones)
        {
            if (zone.Covers(name))
            {
                return zone;
            }
        }

        return null;
    }

    [GeneratedRegex(".*", RegexOptions.Singleline)]
    private static partial Regex Everything();
}

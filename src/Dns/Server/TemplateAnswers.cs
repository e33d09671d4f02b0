using System.Net;
using System.Text.RegularExpressions;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Server;

/// <summary>Answers made from the question: the first template whose zone, type and pattern fit.</summary>
internal static partial class TemplateAnswers
{
    /// <returns>False when the name is left to what comes after.</returns>
    internal static bool TryAnswer(TemplatePlan[] templates, ref ReplyBuilder reply, in NameView name, RecordType type, ReadOnlySpan<byte> client, out ResponseCode code)
    {
        code = ResponseCode.NoError;
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
                code = Write(template, input, ref reply, name);
                return true;
            }

            if (!NameSuffix.AnyCovers(template.FallThrough, name))
            {
                code = ResponseCode.ServFail;
                return true;
            }
        }

        return false;
    }

    private static ResponseCode Write(TemplatePlan template, TemplateInput input, ref ReplyBuilder reply, in NameView name)
    {
        try
        {
            var answers = Write(template.Answers, input, ref reply, name);
            reply.AddAnswers(answers);
            reply.AddAuthorities(Write(template.Authorities, input, ref reply, name));
            reply.Truncated = answers < template.Answers.Length;
            reply.AddAdditionals(Write(template.Additionals, input, ref reply, name));
            return template.Code;
        }
        catch (FormatException)
        {
            // What the question had does not make a record.
            return ResponseCode.ServFail;
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
            try
            {
                if (pattern.Match(name) is { Success: true } match)
                {
                    return match;
                }
            }
            catch (RegexMatchTimeoutException)
            {
                // A name made to keep the pattern busy does not match.
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

using System.Text.RegularExpressions;

namespace Dataplane.Dns.Configuration;

/// <summary>Errors of one kind that are told together.</summary>
/// <param name="Period">From the first of them on.</param>
/// <param name="Pattern">Fits what they say.</param>
/// <param name="Level">Of the line that counts them, in capitals.</param>
/// <param name="ShowsFirst">Whether the first is told by itself.</param>
internal sealed record ErrorGroup(TimeSpan Period, Regex Pattern, string Level, bool ShowsFirst);

/// <summary>What is told of questions that could not be answered.</summary>
/// <param name="Groups">The first that fits an error takes it; one that none fits is told at once.</param>
internal sealed record ErrorsPlan(ErrorGroup[] Groups);

/// <summary><c>errors [stdout] { consolidate DURATION PATTERN [LEVEL] [show_first]; stacktrace }</c>.</summary>
internal static class ErrorsReader
{
    private const string Plugin = "errors";

    internal static ErrorsPlan Read(CorefileDirective directive)
    {
        if (directive.Arguments is not ([] or [{ Text: "stdout" }]))
        {
            throw directive.Arguments.Count > 1 ? directive.ArgumentError() : directive.Error($"invalid log file: {directive.Arguments[0].Text}");
        }

        var groups = new List<ErrorGroup>();
        foreach (var property in directive.Properties())
        {
            switch (property.Name.Text)
            {
                case "stacktrace":
                    break;
                case "consolidate" when property.Arguments.Count is 2 or 3 or 4:
                    groups.Add(Group(property));
                    break;
                case "consolidate":
                    throw property.ArgumentError(Plugin);
                default:
                    throw property.Error($"Unknown field {property.Name.Text}", Plugin);
            }
        }

        return new ErrorsPlan([.. groups]);
    }

    private static ErrorGroup Group(CorefileDirective property)
    {
        var (level, first) = ("ERROR", false);
        foreach (var word in property.Texts(2))
        {
            (level, first) = word switch
            {
                "warning" or "error" or "info" or "debug" => (word.ToUpperInvariant(), first),
                "show_first" => (level, true),
                _ => throw property.Error($"unknown log level argument in consolidate: {word}", Plugin),
            };
        }

        return new ErrorGroup(property.Duration(Plugin, 0), property.Pattern(Plugin, property.Arguments[1].Text), level, first);
    }
}

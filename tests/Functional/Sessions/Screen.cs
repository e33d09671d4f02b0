using System.Text;
using System.Text.RegularExpressions;

namespace Dataplane.Functional.Sessions;

/// <summary>
/// What kubectl prints, compared whole: runs of blanks count as one, and {age}, {ip}, {port}, {id} and {any} in the expectation
/// stand for what differs from run to run.
/// </summary>
internal static partial class Screen
{
    private static readonly Dictionary<string, string> Wildcards = new()
    {
        ["{age}"] = @"\d[\dhms]*",
        ["{ip}"] = @"[\da-f.:]+",
        ["{port}"] = @"\d+",
        ["{id}"] = @"[\w.-]+",
        ["{any}"] = ".*",
    };

    internal static void Shows(string expected, string actual)
    {
        if (!IsShown(expected, actual))
        {
            Assert.Fail($"expected:\n{Squeeze(expected)}\n--- shown:\n{Squeeze(actual)}");
        }
    }

    /// <summary>Some of the lines shown are the expected ones, next to each other.</summary>
    internal static void Contains(string expected, string actual)
    {
        if (!IsAmong(expected, actual))
        {
            Assert.Fail($"expected among the lines:\n{Squeeze(expected)}\n--- shown:\n{Squeeze(actual)}");
        }
    }

    internal static bool IsAmong(string expected, string actual) => Regex.IsMatch(Squeeze(actual), $"^{Pattern(expected)}$", RegexOptions.Multiline);

    internal static bool IsShown(string expected, string actual) => Regex.IsMatch(Squeeze(actual), $"^{Pattern(expected)}\\z");

    private static string Pattern(string expected)
    {
        var pattern = new StringBuilder();
        foreach (var part in Token().Split(Squeeze(expected)))
        {
            pattern.Append(Wildcards.GetValueOrDefault(part) ?? Regex.Escape(part));
        }

        return pattern.ToString();
    }

    private static string Squeeze(string text) =>
        string.Join('\n', text.ReplaceLineEndings("\n").Trim().Split('\n').Select(line => Blanks().Replace(line, " ").Trim()));

    [GeneratedRegex(@"[ \t]+")]
    private static partial Regex Blanks();

    [GeneratedRegex(@"(\{\w+\})")]
    private static partial Regex Token();
}

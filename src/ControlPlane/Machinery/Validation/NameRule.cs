using System.Text.RegularExpressions;
using Dataplane.Api.Selectors;

namespace Dataplane.ControlPlane.Machinery.Validation;

/// <summary>A form that names must have, and what clients are told when they do not.</summary>
internal sealed record NameRule(Func<string, bool> Matches, int MaxLength, string Message)
{
    /// <summary>RFC 1123 subdomain.</summary>
    public static readonly NameRule Subdomain = new(name => Names.Subdomain().IsMatch(name), 253, LabelSyntax.NotSubdomain);

    /// <summary>RFC 1123 label.</summary>
    public static readonly NameRule Label = new(
        name => Names.Label().IsMatch(name),
        63,
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character " +
        "(e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')");

    /// <summary>RFC 1035 label: a Service's name is a DNS name of its own and starts with a letter.</summary>
    public static readonly NameRule Label1035 = new(
        name => Names.Label1035().IsMatch(name),
        63,
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character " +
        "(e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')");

    /// <summary>A subdomain whose first part may be a star.</summary>
    public static readonly NameRule Wildcard = new(
        name => Names.Wildcard().IsMatch(name),
        253,
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' " +
        @"and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')");

    /// <summary>Whatever can stand in a path: roles have names such as "system:node".</summary>
    public static readonly NameRule PathSegment = new(_ => true, int.MaxValue, "") { Special = Segment };

    private Func<string, IEnumerable<string>>? Special { get; init; }

    /// <summary>What is wrong with a name; nothing when it is good.</summary>
    public IEnumerable<string> Errors(string name) => Special is null ? Usual(name) : Special(name);

    private static IEnumerable<string> Segment(string name)
    {
        if (name is "." or "..")
        {
            yield return $"may not be '{name}'";
        }

        foreach (var illegal in new[] { '/', '%' }.Where(illegal => name.Contains(illegal, StringComparison.Ordinal)))
        {
            yield return $"may not contain '{illegal}'";
        }
    }

    private IEnumerable<string> Usual(string name)
    {
        if (name.Length > MaxLength)
        {
            yield return $"must be no more than {MaxLength} characters";
        }

        if (!Matches(name))
        {
            yield return Message;
        }
    }
}

/// <summary>The patterns, compiled at build time.</summary>
internal static partial class Names
{
    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    public static partial Regex Subdomain();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\z")]
    public static partial Regex Label();

    [GeneratedRegex(@"^[a-z]([-a-z0-9]*[a-z0-9])?\z")]
    public static partial Regex Label1035();

    [GeneratedRegex(@"^\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    public static partial Regex Wildcard();
}

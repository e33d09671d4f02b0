using System.Text.RegularExpressions;

namespace Dataplane.ControlPlane.Machinery.Validation;

/// <summary>A form that names must have, and what clients are told when they do not.</summary>
internal sealed record NameRule(Func<string, bool> Matches, int MaxLength, string Message)
{
    /// <summary>RFC 1123 subdomain.</summary>
    public static readonly NameRule Subdomain = new(
        name => Names.Subdomain().IsMatch(name),
        253,
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character " +
        @"(e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')");

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

    /// <summary>A label value.</summary>
    public static readonly NameRule LabelValue = new(
        value => Names.LabelValue().IsMatch(value),
        63,
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
        "(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')");

    /// <summary>The name part of a label or annotation key.</summary>
    public static readonly NameRule QualifiedName = new(
        value => Names.QualifiedName().IsMatch(value),
        63,
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
        "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')");

    /// <summary>Whatever can stand in a path: roles have names such as "system:node".</summary>
    public static readonly NameRule PathSegment = new(
        name => name is not ("." or "..") && name.AsSpan().IndexOfAny('/', '%') < 0, int.MaxValue, "may not be '.' or '..', nor contain '/' or '%'");

    /// <summary>What is wrong with a name; nothing when it is good.</summary>
    public IEnumerable<string> Errors(string name)
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

    [GeneratedRegex(@"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\z")]
    public static partial Regex LabelValue();

    [GeneratedRegex(@"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\z")]
    public static partial Regex QualifiedName();
}

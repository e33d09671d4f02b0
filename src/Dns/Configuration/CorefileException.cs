namespace Dataplane.Dns.Configuration;

/// <summary>A configuration that is not one; the message names file and line as CoreDNS does.</summary>
public sealed class CorefileException(string message) : FormatException(message)
{
    /// <summary><c>FILE:LINE - Error during parsing: WHAT</c>, with <c>plugin/NAME: </c> before it once the plugin is known.</summary>
    internal static CorefileException At(string file, int line, string what, string? plugin = null) =>
        new($"{(plugin is null ? "" : $"plugin/{plugin}: ")}{file}:{line} - Error during parsing: {what}");
}

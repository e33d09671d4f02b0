using System.Net;

namespace Dataplane.Dns.Forward;

/// <summary>The nameservers and the search list of a resolv.conf(5), in order.</summary>
public static class ResolvConf
{
    /// <summary>Where the system's resolver looks.</summary>
    public const string DefaultPath = "/etc/resolv.conf";

    private const int DnsPort = 53;

    /// <returns>Empty when the file is missing or names none.</returns>
    public static IReadOnlyList<IPEndPoint> Nameservers(string path = DefaultPath)
    {
        try
        {
            return Parse(File.ReadLines(path));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <inheritdoc cref="Search(IEnumerable{string})"/>
    internal static IReadOnlyList<string> Search(string path)
    {
        try
        {
            return Search(File.ReadLines(path));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The last <c>search</c> or <c>domain</c> line counts.</summary>
    internal static IReadOnlyList<string> Search(IEnumerable<string> lines) =>
        lines.Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).LastOrDefault(words => words is ["search" or "domain", ..]) is { } found
            ? [.. found.Skip(1).Where(name => name != ".")]
            : [];

    /// <summary>Lines that are not <c>nameserver ADDRESS</c> are for others.</summary>
    internal static IReadOnlyList<IPEndPoint> Parse(IEnumerable<string> lines) =>
    [
        .. lines.Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words is ["nameserver", _, ..])
            .Select(words => IPAddress.TryParse(words[1], out var address) ? new IPEndPoint(address, DnsPort) : null)
            .OfType<IPEndPoint>()
            .Distinct(),
    ];
}

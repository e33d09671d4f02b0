using System.Globalization;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Registry;

/// <summary>The list options of a request, as read from its query.</summary>
internal sealed record ListQuery
{
    public string? LabelSelector { get; init; }

    public string? FieldSelector { get; init; }

    /// <summary>Objects in one answer; 0 is all.</summary>
    public int Limit { get; init; }

    public string? Continue { get; init; }

    /// <summary>Empty: the newest. "0": any. N: not older than N.</summary>
    public string ResourceVersion { get; init; } = "";

    public string? ResourceVersionMatch { get; init; }

    public bool AllowWatchBookmarks { get; init; }

    /// <summary>Watches only. True: the state first, then a bookmark that says so. False: nothing but changes. Null leaves it to the version.</summary>
    public bool? SendInitialEvents { get; init; }

    public TimeSpan? Timeout { get; init; }

    /// <exception cref="StatusException">A resourceVersion that is no number.</exception>
    public Revision Revision => ResourceVersion.Length == 0
        ? Revision.None
        : long.TryParse(ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? new Revision(value)
            : throw StatusException.BadRequest(
                $"resourceVersion: Invalid value: {GoValue.Quote(ResourceVersion)}: strconv.ParseUint: parsing {GoValue.Quote(ResourceVersion)}: " +
                (ResourceVersion.All(char.IsAsciiDigit) ? "value out of range" : "invalid syntax"));
}

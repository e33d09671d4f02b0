using Microsoft.Extensions.Logging;

namespace Dataplane.Api.Client;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Listing {Resource} again: {Reason}")]
    public static partial void Relisting(ILogger logger, string resource, string reason);

    [LoggerMessage(2, LogLevel.Warning, "Lost the API server while following {Resource}, trying again: {Reason}")]
    public static partial void Disconnected(ILogger logger, string resource, string reason);

    [LoggerMessage(3, LogLevel.Error, "A subscriber to {Resource} failed on {Name}")]
    public static partial void SubscriberFailed(ILogger logger, string resource, NamespacedName name, Exception error);

    [LoggerMessage(4, LogLevel.Warning, "{Resource} {Name}: the watch went back from version {Known} to {Version}; ignored")]
    public static partial void WentBack(ILogger logger, string resource, NamespacedName name, string? version, string? known);
}

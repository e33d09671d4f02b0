using Dataplane.Api;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Machinery;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Debug, "{Controller} will look at {Key} again: {Reason}")]
    public static partial void Behind(ILogger logger, string controller, NamespacedName key, string reason);

    [LoggerMessage(2, LogLevel.Warning, "{Controller} failed on {Key} and will try again: {Reason}")]
    public static partial void SyncFailed(ILogger logger, string controller, NamespacedName key, string reason, Exception? error);

    [LoggerMessage(3, LogLevel.Debug, "Event about {Name} was not recorded: {Reason}")]
    public static partial void EventLost(ILogger logger, string? name, string reason);
}

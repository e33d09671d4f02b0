using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.GarbageCollection;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Debug, "{Resource} cannot be followed now: {Reason}")]
    public static partial void FollowerDisconnected(ILogger logger, string resource, string reason);
}

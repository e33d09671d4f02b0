using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Feeds;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "{Resource} are not read: {Reason}; traffic to ClusterIPs of no Service goes where the routes say")]
    internal static partial void KindNotRead(this ILogger logger, string resource, string reason);
}

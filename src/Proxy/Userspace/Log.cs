using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Userspace;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "out of file descriptors: new connections are reset until some are free (counted as shed)")]
    internal static partial void OutOfDescriptors(this ILogger logger);
}

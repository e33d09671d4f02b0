using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.ServiceModel;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "{Subject}: {Faults}; ignored")]
    internal static partial void PartsIgnored(this ILogger logger, string subject, string faults);
}

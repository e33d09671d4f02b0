using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.ConnectionTracking;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Debug, Message = "{Count} connection tracking entries that led elsewhere than to an endpoint deleted")]
    internal static partial void FlowsDeleted(this ILogger logger, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Connection tracking entries that do not lead to an endpoint could not be deleted: {Reason}; clients that go on sending may lose packets")]
    internal static partial void FlowsNotDeleted(this ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Setting} could not be set to {Value}: {Reason}")]
    internal static partial void SettingNotWritten(this ILogger logger, string setting, string value, string reason);
}

using Dataplane.Api;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.ServiceModel;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "{Subject}: {Faults}; ignored")]
    internal static partial void PartsIgnored(this ILogger logger, string subject, string faults);

    [LoggerMessage(Level = LogLevel.Information, Message = "EndpointSlice {Slice}: was Service {Before}'s and is now Service {After}'s")]
    internal static partial void SliceMoved(this ILogger logger, NamespacedName slice, NamespacedName before, NamespacedName after);
}

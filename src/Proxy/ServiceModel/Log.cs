using Dataplane.Api;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.ServiceModel;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Service {Service}: {Field} {Value} {Fault}; ignored")]
    internal static partial void ServiceFieldIgnored(this ILogger logger, NamespacedName service, string field, string value, string fault);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Node {Node}: {Field} {Value} {Fault}; ignored")]
    internal static partial void NodeFieldIgnored(this ILogger logger, string node, string field, string value, string fault);

    [LoggerMessage(Level = LogLevel.Warning, Message = "EndpointSlice {Slice}: {Fault}; ignored, with {Others} more of this slice")]
    internal static partial void EndpointsIgnored(this ILogger logger, NamespacedName slice, string fault, int others);
}
